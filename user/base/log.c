// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Messages to the operator: one line each, written whole. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

bool rpcs_verbose;

static void __attribute__((format(printf, 1, 0))) log_line(const char *format, va_list args)
{
	char line[1024];
	int len, used;

	used = snprintf(line, sizeof(line), "rpcsentry: ");
	len = vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, args);
	if (len < 0)
		return;
	used += len;
	if (used > (int)sizeof(line) - 2)
		used = (int)sizeof(line) - 2;
	line[used++] = '\n';
	/* Unbuffered and in one write: lines of several processes stay whole. */
	if (write(STDERR_FILENO, line, (size_t)used) < 0)
		return;
}

void rpcs_log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(format, args);
	va_end(args);
}

void rpcs_log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(format, args);
	va_end(args);
}
