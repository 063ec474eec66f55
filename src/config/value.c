/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values: from text by the option's row, back to text, and into the machine's fields. */
#include <config.h>

#include "config_internal.h"

#include "kmreplay/core/parse.h"
#include "kmreplay/core/suggest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool parse_bool(const char *text, uint64_t *ret);
static bool parse_kernel(const char *text, uint64_t *ret);
static bool parse_choice(const struct config_option *o, const char *text, uint64_t *ret);
static bool parse_number(const struct config_option *o, const char *text, uint64_t *ret);
static bool parse_list(const struct config_option *o, const char *text, struct config_value *ret,
		       struct error *err);
static bool parse_text(const struct config_option *o, const char *text, struct config_value *ret,
		       struct error *err);
static void add_number(const struct config_option *o, uint64_t nr, struct str *out);
static void add_choices(const struct config_option *o, struct str *out);
static uint64_t load_field(const struct config_option *o, const struct machine_config *machine);
static void store_sizes(const struct config_value *value, struct machine_config *machine);
static uint64_t auto_field(const struct config_option *o);

void config_value_deinit(struct config_value *value)
{
	vec_deinit(&value->sizes);
	free(value->text);
	free(value->from);
	*value = (struct config_value){ 0 };
}

void config_value_copy(struct config_value *to, const struct config_value *from)
{
	if (to == from)
		return;
	config_value_deinit(to);
	*to = (struct config_value){
		.set = from->set,
		.automatic = from->automatic,
		.nr = from->nr,
		.text = from->text ? xstrdup(from->text) : NULL,
		.from = from->from ? xstrdup(from->from) : NULL,
	};
	for (size_t i = 0; i < from->sizes.nr; i++)
		vec_push(&to->sizes, from->sizes.items[i]);
}

bool config_value_parse(const struct config_option *o, const char *text, struct config_value *ret,
			struct error *err)
{
	bool ok = false;

	config_value_deinit(ret);
	ret->set = true;
	if (o->automatic != AUTO_NONE && !strcmp(text, "auto")) {
		ret->automatic = true;
		return true;
	}
	switch ((enum config_type)o->type) {
	case CONFIG_BOOL:
		ok = parse_bool(text, &ret->nr);
		break;
	case CONFIG_KERNEL:
		ok = parse_kernel(text, &ret->nr);
		break;
	case CONFIG_CHOICE:
		ok = parse_choice(o, text, &ret->nr);
		break;
	case CONFIG_NUMBER:
	case CONFIG_SIZE:
	case CONFIG_ADDRESS:
		ok = parse_number(o, text, &ret->nr);
		break;
	case CONFIG_SIZES:
		return parse_list(o, text, ret, err);
	case CONFIG_TEXT:
		return parse_text(o, text, ret, err);
	}
	return ok || config_value_unexpected(o, text, err);
}

bool config_value_add(const struct config_option *o, const char *text, struct config_value *ret,
		      struct error *err)
{
	uint64_t nr;

	if (ret->sizes.nr >= CONFIG_MAX_SIZES)
		return error_set(err, "%s: more than %d sizes", o->path, CONFIG_MAX_SIZES);
	if (!parse_number(o, text, &nr) ||
	    (ret->sizes.nr && nr <= ret->sizes.items[ret->sizes.nr - 1]))
		return config_value_unexpected(o, text, err);
	ret->set = true;
	vec_push(&ret->sizes, (uint32_t)nr);
	return true;
}

bool config_value_unexpected(const struct config_option *o, const char *text, struct error *err)
{
	const char *near = o->choice ? suggest_nearest(text, o->choice) : NULL;
	struct str allowed;

	str_init(&allowed);
	config_value_allowed(o, &allowed);
	error_set(err, "%s: expected %s, not '%s'%s%s%s", o->path, str_text(&allowed),
		  config_quote(text).text, near ? ": did you mean '" : "", near ? near : "",
		  near ? "'?" : "");
	str_deinit(&allowed);
	return false;
}

void config_value_default(const struct config_option *o, struct config_value *ret)
{
	struct machine_config machine;

	*ret = (struct config_value){ .automatic = true };
	if (o->automatic == AUTO_RECORDED || !o->has_field)
		return;
	machine_config_init(&machine, (struct kernel_version){ 0 }, ARCH_X86_64);
	/* Lists and texts are empty at first, and empty means auto. */
	if (o->type != CONFIG_SIZES && o->type != CONFIG_TEXT) {
		ret->nr = load_field(o, &machine) << o->shift;
		ret->automatic = o->automatic != AUTO_NONE && ret->nr == auto_field(o);
	}
	machine_config_deinit(&machine);
}

void config_value_print(const struct config_option *o, const struct config_value *value,
			struct str *out)
{
	if (value->automatic)
		str_add(out, "auto");
	else if (o->type == CONFIG_TEXT)
		str_addf(out, "\"%s\"", value->text);
	else if (o->type != CONFIG_SIZES)
		add_number(o, value->nr, out);
	for (size_t i = 0; i < value->sizes.nr; i++)
		str_addf(out, "%s%u", i ? ", " : "[", value->sizes.items[i]);
	if (value->sizes.nr)
		str_add_char(out, ']');
}

void config_value_allowed(const struct config_option *o, struct str *out)
{
	static const char *const kinds[] = {
		[CONFIG_BOOL] = "true or false",
		[CONFIG_NUMBER] = "a number",
		[CONFIG_SIZE] = "a size",
		[CONFIG_ADDRESS] = "an address",
		[CONFIG_CHOICE] = "one of ",
		[CONFIG_KERNEL] = "a kernel release like 6.12",
		[CONFIG_SIZES] = "an ascending list of sizes, each",
		[CONFIG_TEXT] = "a text of at most ",
	};

	str_add(out, kinds[o->type]);
	if (o->type == CONFIG_CHOICE)
		add_choices(o, out);
	if (o->type == CONFIG_TEXT) {
		str_addf(out, "%llu bytes", (unsigned long long)o->max);
	} else if (o->max > 1 && o->type != CONFIG_CHOICE) {
		str_add(out, " from ");
		add_number(o, o->min, out);
		str_add(out, " to ");
		add_number(o, o->max, out);
		if (o->unit)
			str_addf(out, " (%s)", o->unit);
	}
	if (o->multiple) {
		str_add(out, ", a multiple of ");
		add_number(o, o->multiple, out);
	}
	if (o->automatic != AUTO_NONE)
		str_addf(out, "%s or auto", o->multiple ? "," : "");
}

void config_value_apply(const struct config_option *o, const struct config_value *value,
			struct machine_config *machine)
{
	void *field = (char *)machine + o->offset;
	uint64_t nr = value->automatic ? auto_field(o) : value->nr >> o->shift;

	if (!o->has_field || (value->automatic && o->automatic == AUTO_RECORDED))
		return;
	if (o->type == CONFIG_SIZES)
		store_sizes(value, machine);
	else if (o->type == CONFIG_TEXT)
		snprintf(field, o->max + 1, "%s", value->automatic ? "" : value->text);
	else if (o->width == sizeof(bool))
		*(bool *)field = nr;
	else if (o->width == sizeof(uint32_t))
		*(uint32_t *)field = (uint32_t)nr;
	else
		*(uint64_t *)field = nr;
}

struct config_quote config_quote(const char *text)
{
	struct config_quote quote;
	size_t len = strnlen(text, 60);

	memcpy(quote.text, text, len);
	if (text[len]) {
		/* Not in the middle of a character. */
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
		memcpy(quote.text + len, "...", 3);
		len += 3;
	}
	quote.text[len] = '\0';
	for (char *c = quote.text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return quote;
}

static bool parse_bool(const char *text, uint64_t *ret)
{
	static const char *const words[] = { "false", "true", "off", "on", "no", "yes" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcasecmp(text, words[i])) {
			*ret = i % 2;
			return true;
		}
	}
	return false;
}

/* "6.12", "6.12.5", "6.12.5+deb12-amd64", but no other words behind the numbers. */
static bool parse_kernel(const char *text, uint64_t *ret)
{
	const char *minor = strchr(text, '.');
	struct kernel_version version;

	if (!minor || !kernel_version_parse(text, &version))
		return false;
	minor++;
	minor += strspn(minor, "0123456789");
	*ret = (uint64_t)version.major << 32 | version.minor;
	return !*minor || strchr(".-+", *minor);
}

static bool parse_choice(const struct config_option *o, const char *text, uint64_t *ret)
{
	const char *name;

	for (unsigned int i = 0; (name = o->choice(i)); i++) {
		if (!strcmp(text, name)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool parse_number(const struct config_option *o, const char *text, uint64_t *ret)
{
	bool is_size = o->type == CONFIG_SIZE || o->type == CONFIG_SIZES;
	bool too_large;
	const char *end = is_size ? parse_size(text, ret, &too_large) : parse_u64(text, ret);

	return end && !*end && *ret >= o->min && *ret <= o->max &&
	       (!o->multiple || *ret % o->multiple == 0);
}

static bool parse_list(const struct config_option *o, const char *text, struct config_value *ret,
		       struct error *err)
{
	const char *blanks = " \t";
	size_t len = strlen(text);
	bool bracket = *text == '[';

	if (bracket && text[len - 1] != ']')
		return config_value_unexpected(o, text, err);
	for (const char *at = text + bracket, *end = text + len - bracket; at <= end; at++) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		char *item CLEANUP(cleanup_free) = NULL;
		size_t item_len;

		comma = comma ? comma : end;
		while (at < comma && strchr(blanks, *at))
			at++;
		item_len = (size_t)(comma - at);
		while (item_len && strchr(blanks, at[item_len - 1]))
			item_len--;
		item = xstrndup(at, item_len);
		if (!config_value_add(o, item, ret, err))
			return false;
		at = comma;
	}
	return true;
}

/* As it stands there, but for quotes around it, as it is printed with. */
static bool parse_text(const struct config_option *o, const char *text, struct config_value *ret,
		       struct error *err)
{
	const size_t quoted = strlen(text) >= 2 && *text == '"';
	const size_t len = strlen(text) - 2 * quoted;
	struct error why;

	if (!len || len > o->max || strpbrk(text + quoted, "\\\n") ||
	    strcspn(text + quoted, "\"") != len)
		return config_value_unexpected(o, text, err);
	ret->text = xstrndup(text + quoted, len);
	return o->check(ret->text, &why) || error_set(err, "%s: %s", o->path, why.message);
}

static void add_number(const struct config_option *o, uint64_t nr, struct str *out)
{
	switch ((enum config_type)o->type) {
	case CONFIG_BOOL:
		str_add(out, nr ? "true" : "false");
		break;
	case CONFIG_SIZE:
		parse_add_size(out, nr);
		break;
	case CONFIG_ADDRESS:
		str_addf(out, "%#llx", (unsigned long long)nr);
		break;
	case CONFIG_CHOICE:
		str_add(out, o->choice((unsigned int)nr));
		break;
	case CONFIG_KERNEL:
		str_addf(out, "%u.%u", (unsigned int)(nr >> 32), (unsigned int)nr);
		break;
	case CONFIG_NUMBER:
	case CONFIG_SIZES:
	case CONFIG_TEXT:
		str_addf(out, "%llu", (unsigned long long)nr);
		break;
	}
}

static void add_choices(const struct config_option *o, struct str *out)
{
	const char *name;

	for (unsigned int i = 0; (name = o->choice(i)); i++)
		str_addf(out, "%s%s", i ? ", " : "", name);
}

static uint64_t load_field(const struct config_option *o, const struct machine_config *machine)
{
	const void *field = (const char *)machine + o->offset;

	if (o->width == sizeof(bool))
		return *(const bool *)field;
	/* -1 is auto where it is allowed at all: keep its sign. */
	if (o->width == sizeof(uint32_t))
		return o->automatic == AUTO_MINUS_ONE ? (uint64_t)*(const int32_t *)field :
							*(const uint32_t *)field;
	return *(const uint64_t *)field;
}

static void store_sizes(const struct config_value *value, struct machine_config *machine)
{
	vec_reset(&machine->kmalloc_classes);
	for (size_t i = 0; i < value->sizes.nr; i++)
		vec_push(&machine->kmalloc_classes, value->sizes.items[i]);
}

static uint64_t auto_field(const struct config_option *o)
{
	return o->automatic == AUTO_MINUS_ONE ? UINT64_MAX : 0;
}
