/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input: plain, gzip and zstd, whole, concatenated, cut and damaged. */
#include <config.h>

#include "decode.h"

#include "../../../src/trace/trace_internal.h"

#include "kmreplay/core/rng.h"

#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum { CONTENT = 3 << 20 };

static unsigned char *make_content(void)
{
	unsigned char *content = xmalloc(CONTENT);
	struct rng rng;

	rng_init(&rng, 1);
	for (size_t i = 0; i < CONTENT; i++)
		content[i] = (unsigned char)(rng_next(&rng) & 0x1f) + 'A';
	return content;
}

/* One gzip member of "len" bytes appended to "out". */
static void add_gzip(struct str *out, const unsigned char *data, size_t len)
{
	z_stream z = { 0 };

	ck_assert_int_eq(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	str_reserve(out, deflateBound(&z, len) + 64);
	z.next_in = (unsigned char *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = (unsigned char *)out->data + out->len;
	z.avail_out = (uInt)(out->cap - out->len);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len += z.total_out;
	deflateEnd(&z);
}

#ifdef HAVE_ZSTD
static void add_zstd(struct str *out, const unsigned char *data, size_t len)
{
	size_t bound = ZSTD_compressBound(len);
	size_t got;

	str_reserve(out, bound);
	got = ZSTD_compress(out->data + out->len, bound, data, len, 1);
	ck_assert(!ZSTD_isError(got));
	out->len += got;
}
#endif

/* Reads all through input_fill(), taking odd amounts, and compares. */
static size_t read_all(const char *path, const unsigned char *want, bool *failed, struct error *err)
{
	struct input *in = input_open(path, path, err);
	const unsigned char *data;
	size_t at = 0, len;
	bool eof = false;

	ck_assert_msg(in != NULL, "%s", err->message);
	while (!eof) {
		size_t before = at;

		input_fill(in, &data, &len, &eof);
		ck_assert(at + len <= CONTENT);
		ck_assert(memcmp(data, want + at, len) == 0);
		at += eof ? len : len - MIN(len, (size_t)77);
		input_consume(in, at - before);
	}
	*failed = input_failed(in, err);
	input_close(in);
	return at;
}

static void check_packed(const struct str *packed, const unsigned char *content, const char *kind)
{
	char *path = decode_file(packed->data, packed->len);
	struct error err;
	struct input *in;
	const unsigned char *data;
	size_t len;
	bool failed;

	ck_assert_uint_eq(read_all(path, content, &failed, &err), CONTENT);
	ck_assert(!failed);
	in = input_open(path, path, &err);
	ck_assert(kind ? strcmp(input_compression(in), kind) == 0 : !input_compression(in));
	data = input_peek(in, 100000, &len, &err);
	ck_assert(data && len == 100000 && memcmp(data, content, len) == 0);
	ck_assert(input_map(in, &data, &len, &err));
	ck_assert(len == CONTENT && memcmp(data, content, len) == 0);
	input_close(in);
	unlink(path);
	free(path);
}

/* Cut anywhere: what came before is right, and then there is one error that says so. */
static void check_cut(const struct str *packed, const unsigned char *content)
{
	struct rng rng;

	rng_init(&rng, 2);
	for (int i = 0; i < 24; i++) {
		size_t len = 8 + rng_below(&rng, packed->len - 8);
		char *path = decode_file(packed->data, len);
		struct error err;
		bool failed;
		size_t got = read_all(path, content, &failed, &err);

		ck_assert_msg(failed && got < CONTENT, "cut at %zu of %zu", len, packed->len);
		ck_assert(strstr(err.message, "end early") != NULL);
		ck_assert(strstr(err.message, path) != NULL);
		unlink(path);
		free(path);
	}
}

START_TEST(plain_files)
{
	unsigned char *content = make_content();
	struct str plain = { .data = (char *)content, .len = CONTENT };

	check_packed(&plain, content, NULL);
	free(content);
}
END_TEST

START_TEST(gzip_members)
{
	unsigned char *content = make_content();
	struct str packed;

	str_init(&packed);
	add_gzip(&packed, content, CONTENT);
	check_packed(&packed, content, "gzip");
	check_cut(&packed, content);
	/* in pieces, one of them empty, and padded with zeros at the end */
	str_reset(&packed);
	add_gzip(&packed, content, 1000);
	add_gzip(&packed, content, 0);
	add_gzip(&packed, content + 1000, CONTENT - 1000);
	for (int i = 0; i < 700; i++)
		str_add_char(&packed, '\0');
	check_packed(&packed, content, "gzip");
	str_deinit(&packed);
	free(content);
}
END_TEST

START_TEST(damaged_gzip)
{
	unsigned char *content = make_content();
	struct str packed;
	struct error err;
	bool failed;
	char *path;
	size_t got;

	str_init(&packed);
	add_gzip(&packed, content, CONTENT);
	packed.data[packed.len - 6] ^= 1; /* the checksum: looked at behind all content */
	path = decode_file(packed.data, packed.len);
	got = read_all(path, content, &failed, &err);
	ck_assert(failed);
	ck_assert_uint_eq(got, CONTENT);
	ck_assert(strstr(err.message, "damaged gzip data after") != NULL);
	unlink(path);
	free(path);
	str_deinit(&packed);
	free(content);
}
END_TEST

#ifdef HAVE_ZSTD
START_TEST(zstd_frames)
{
	unsigned char *content = make_content();
	struct str packed;

	str_init(&packed);
	add_zstd(&packed, content, CONTENT);
	check_packed(&packed, content, "zstd");
	check_cut(&packed, content);
	str_reset(&packed);
	add_zstd(&packed, content, 1000);
	add_zstd(&packed, content, 0);
	add_zstd(&packed, content + 1000, CONTENT - 1000);
	check_packed(&packed, content, "zstd");
	str_deinit(&packed);
	free(content);
}
END_TEST
#endif

START_TEST(what_cannot_be_opened)
{
	struct error err;

	ck_assert(input_open("/nonexistent/file", "gone", &err) == NULL);
	ck_assert_str_eq(err.message, "cannot open 'gone': No such file or directory");
	ck_assert(input_open("/", "/", &err) == NULL);
	ck_assert_str_eq(err.message, "'/' is a directory");
}
END_TEST

#ifdef HAVE_ZSTD
UNIT_MAIN("input", plain_files, gzip_members, damaged_gzip, zstd_frames, what_cannot_be_opened)
#else
UNIT_MAIN("input", plain_files, gzip_members, damaged_gzip, what_cannot_be_opened)
#endif
