// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Depth 1 is inside the object, 2 inside the list, from 3 on inside an element. */
#include "split.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Follows strings; true: the character is part of one, or a quote of its own. */
static bool in_string(struct rpcs_split *split, char c)
{
	bool was = split->in_string;

	if (split->escaped)
		split->escaped = false;
	else if (was && c == '\\')
		split->escaped = true;
	else if (c == '"')
		split->in_string = !was;
	return was || split->in_string;
}

static const char *frame_add(struct rpcs_split *split, char c)
{
	if (split->frame_len >= sizeof(split->frame))
		return "what stands around its list is too long";
	split->frame[split->frame_len++] = c;
	return NULL;
}

static const char *take_frame(struct rpcs_split *split, char c)
{
	if (!in_string(split, c)) {
		if (c == '{')
			return "an object where its list is to be";
		if (c == '[') {
			if (split->list_seen)
				return "a second list";
			split->list_seen = true;
			split->depth = 2;
			split->wants_comma = split->wants_element = false;
		} else if (c == '}') {
			split->depth = 0;
		}
	}
	return frame_add(split, c);
}

/* Between the elements. */
static const char *take_list(struct rpcs_split *split, char c)
{
	if (is_blank(c))
		return NULL;
	if (c == ']' && !split->wants_element) {
		split->depth = 1;
		return frame_add(split, c);
	}
	if (c == ',' && split->wants_comma) {
		split->wants_comma = false;
		split->wants_element = true;
		return NULL;
	}
	if (c != '{' || split->wants_comma)
		return "its list does not hold";
	split->depth = 3;
	split->text[0] = c;
	split->element_len = 1;
	return NULL;
}

static const char *take_element(struct rpcs_split *split, char c)
{
	if (split->element_len >= sizeof(split->text))
		return "an element of its list is too long";
	split->text[split->element_len++] = c;
	if (in_string(split, c))
		return NULL;
	if (c == '{' || c == '[')
		split->depth++;
	else if (c == '}' || c == ']')
		split->depth--;
	if (split->depth > 2)
		return NULL;
	split->wants_comma = true;
	split->wants_element = false;
	return split->element(split->arg, split->text, split->element_len) ? NULL : "out of memory";
}

static const char *take(struct rpcs_split *split, char c)
{
	if (split->depth == 1)
		return take_frame(split, c);
	if (split->depth == 2)
		return take_list(split, c);
	if (split->depth > 2)
		return take_element(split, c);
	if (is_blank(c))
		return NULL;
	if (c != '{' || split->frame_len)
		return split->frame_len ? "more behind its end" : "no JSON object";
	split->depth = 1;
	return frame_add(split, c);
}

const char *rpcs_split_take(struct rpcs_split *split, const char *bytes, size_t len)
{
	const char *wrong = NULL;
	size_t i;

	for (i = 0; i < len && !wrong; i++)
		wrong = take(split, bytes[i]);
	return wrong;
}

const char *rpcs_split_end(const struct rpcs_split *split)
{
	return split->depth || !split->frame_len ? "it ends too early" : NULL;
}
