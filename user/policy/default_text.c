// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The built-in policy: config/default.yaml as it stands, made part of the
 * binary by the assembler. Its path counts from the top of the source tree,
 * where make runs; the Makefile needs the line
 *
 *	$(BUILD)/user/policy/default_text.o: config/default.yaml
 *
 * since the compiler's own dependency output does not see it.
 */
#include "policy.h"

extern const char rpcs_default_policy_text[];

__asm__(".pushsection .rodata\n"
	".global rpcs_default_policy_text\n"
	".hidden rpcs_default_policy_text\n"
	".type rpcs_default_policy_text, %object\n"
	"rpcs_default_policy_text:\n"
	".incbin \"config/default.yaml\"\n"
	".byte 0\n"
	".size rpcs_default_policy_text, . - rpcs_default_policy_text\n"
	".popsection\n");

const char *rpcs_policy_default_text(void)
{
	return rpcs_default_policy_text;
}
