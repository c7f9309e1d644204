/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The subcommands; main() is a table of them. Each returns enum rpcs_exit. */
#ifndef RPCSENTRY_COMMANDS_H
#define RPCSENTRY_COMMANDS_H

int rpcs_cmd_run(int argc, char **argv);
int rpcs_cmd_read(int argc, char **argv);
int rpcs_cmd_stats(int argc, char **argv);
int rpcs_cmd_probe(int argc, char **argv);
int rpcs_cmd_check(int argc, char **argv);
int rpcs_cmd_explain(int argc, char **argv);
int rpcs_cmd_services(int argc, char **argv);
int rpcs_cmd_detach(int argc, char **argv);

#endif
