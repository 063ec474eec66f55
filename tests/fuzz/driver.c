/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target without libFuzzer, so that "make check" fuzzes a little with any compiler:
 * each seed file as it is (a .gz unpacked as well as packed), then rounds of mutations, one a seed
 * and round, until the rounds or the seconds are used up. Mutation k of seed s is the same on every
 * machine; only how many of them there is time for differs.
 *
 *	fuzz_trace [-t SECONDS] [-n ROUNDS] [-r SEED] FILE|DIR...
 *
 * Prints TAP, one result a seed. The input being tried stands in the file PROGRAM.input: after a
 * crash, or a hang of 60 seconds, it is the culprit; "fuzz_trace -n 0 PROGRAM.input" runs it again.
 */
#include <config.h>

#include "fuzz.h"

#include "kmreplay/core/rng.h"
#include "kmreplay/core/str.h"
#include "kmreplay/core/vec.h"
#include "kmreplay/core/xalloc.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum {
	SEED_LIMIT = 256 << 10,  /* longer seeds are cut: a mutation deep inside says little more */
	RSS_LIMIT_MIB = 2048,    /* sanitizers included */
	SECONDS_PER_INPUT = 60,
};

struct seed {
	char *name;
	struct str data;
	uint64_t nr_mutations;
};

struct seeds vec(struct seed);

struct driver {
	struct seeds seeds;
	char *input_path; /* where the input being tried is kept */
	uint64_t nr_rounds;
	uint64_t seed;
	time_t until;
};

static bool options_parse(struct driver *driver, int argc, char **argv);
static bool add_path(struct seeds *seeds, const char *path);
static bool add_dir(struct seeds *seeds, const char *path);
static bool add_file(struct seeds *seeds, const char *path);
static int by_name(const void *a, const void *b);
static void add_seed(struct seeds *seeds, const char *name, struct str *data);
static bool is_packed(const struct str *data);
static bool unpack(const char *path, struct str *data);
static void try_input(const struct driver *driver, const struct str *data);
static void mutate(struct rng *rng, const struct seeds *seeds, struct str *data);
static void overwrite(struct rng *rng, struct str *data);
static void splice(struct rng *rng, const struct seeds *seeds, struct str *data);
static void replace_number(struct rng *rng, struct str *data);
static void replace(struct str *data, size_t at, size_t len, const void *with, size_t with_len);
static int report(const struct driver *driver);

int main(int argc, char **argv)
{
	struct driver driver = { .nr_rounds = 100, .seed = 1, .until = time(NULL) + 10 };
	struct str data;
	int status;

	driver.input_path = xasprintf("%s.input", argv[0]);
	if (!options_parse(&driver, argc, argv))
		return 2;
	printf("1..%zu\n", driver.seeds.nr + 1);
	fflush(stdout);
	vec_foreach (&driver.seeds, seed)
		try_input(&driver, &seed->data);
	str_init(&data);
	for (uint64_t round = 0; round < driver.nr_rounds && time(NULL) < driver.until; round++) {
		for (size_t i = 0; i < driver.seeds.nr; i++) {
			struct rng rng;

			rng_init(&rng, driver.seed + round * 65536 + i);
			str_reset(&data);
			str_add_mem(&data, driver.seeds.items[i].data.data,
				    driver.seeds.items[i].data.len);
			mutate(&rng, &driver.seeds, &data);
			try_input(&driver, &data);
			driver.seeds.items[i].nr_mutations++;
		}
	}
	str_deinit(&data);
	status = report(&driver);
	unlink(driver.input_path);
	free(driver.input_path);
	return status;
}

static bool options_parse(struct driver *driver, int argc, char **argv)
{
	bool ok = true;
	int opt;

	while ((opt = getopt(argc, argv, "t:n:r:")) != -1) {
		switch (opt) {
		case 't':
			driver->until = time(NULL) + strtol(optarg, NULL, 10);
			break;
		case 'n':
			driver->nr_rounds = strtoull(optarg, NULL, 10);
			break;
		case 'r':
			driver->seed = strtoull(optarg, NULL, 10);
			break;
		default:
			return false;
		}
	}
	for (int i = optind; i < argc; i++)
		ok = add_path(&driver->seeds, argv[i]) && ok;
	if (!driver->seeds.nr)
		fprintf(stderr, "usage: %s [-t SECONDS] [-n ROUNDS] [-r SEED] FILE|DIR...\n",
			argv[0]);
	return ok && driver->seeds.nr;
}

static bool add_path(struct seeds *seeds, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		perror(path);
		return false;
	}
	return S_ISDIR(st.st_mode) ? add_dir(seeds, path) : add_file(seeds, path);
}

/* In the order of names: a mutation must not depend on how a file system lists. */
static bool add_dir(struct seeds *seeds, const char *path)
{
	struct vec(char *) names = { 0 };
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool ok = true;

	if (!dir) {
		perror(path);
		return false;
	}
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			vec_push(&names, xasprintf("%s/%s", path, entry->d_name));
	closedir(dir);
	if (names.nr)
		qsort(names.items, names.nr, sizeof(*names.items), by_name);
	vec_foreach (&names, name) {
		ok = add_file(seeds, *name) && ok;
		free(*name);
	}
	vec_deinit(&names);
	return ok;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_file(struct seeds *seeds, const char *path)
{
	FILE *fp = fopen(path, "rb");
	struct str packed, data;
	char buf[4096];
	size_t len;

	if (!fp) {
		perror(path);
		return false;
	}
	str_init(&packed);
	while (packed.len < SEED_LIMIT && (len = fread(buf, 1, sizeof(buf), fp)) > 0)
		str_add_mem(&packed, buf, len);
	fclose(fp);
	str_init(&data);
	if (is_packed(&packed) && unpack(path, &data)) {
		snprintf(buf, sizeof(buf), "%s, unpacked", path);
		add_seed(seeds, buf, &data);
	}
	add_seed(seeds, path, &packed);
	return true;
}

static bool is_packed(const struct str *data)
{
	return data->len > 2 && !memcmp(data->data, "\x1f\x8b", 2);
}

static bool unpack(const char *path, struct str *data)
{
	gzFile gz = gzopen(path, "rb");
	char buf[4096];
	int len = -1;

	if (!gz)
		return false;
	while (data->len < SEED_LIMIT && (len = gzread(gz, buf, sizeof(buf))) > 0)
		str_add_mem(data, buf, (size_t)len);
	gzclose(gz);
	if (len < 0)
		str_deinit(data);
	return len >= 0;
}

static void add_seed(struct seeds *seeds, const char *name, struct str *data)
{
	const struct seed seed = { .name = xstrdup(name), .data = *data };

	vec_push(seeds, seed);
}

static void try_input(const struct driver *driver, const struct str *data)
{
	FILE *fp = fopen(driver->input_path, "wb");
	uint8_t *exact = xmalloc(data->len);

	BUG_ON(!fp || (data->len && fwrite(data->data, data->len, 1, fp) != 1));
	fclose(fp);
	/* A block of just this size: a read behind its end is then seen. */
	if (data->len)
		memcpy(exact, data->data, data->len);
	alarm(SECONDS_PER_INPUT);
	LLVMFuzzerTestOneInput(exact, data->len);
	alarm(0);
	free(exact);
}

static void mutate(struct rng *rng, const struct seeds *seeds, struct str *data)
{
	for (uint64_t nr = 1 + rng_below(rng, 4); nr && data->len; nr--) {
		size_t at = rng_below(rng, data->len);

		switch (rng_below(rng, 8)) {
		case 0: /* the file is cut */
			data->len = at;
			break;
		case 1: /* a block goes */
			replace(data, at, rng_below(rng, 200), "", 0);
			break;
		case 2:
		case 3:
			splice(rng, seeds, data);
			break;
		case 4:
		case 5:
			replace_number(rng, data);
			break;
		default:
			overwrite(rng, data);
			break;
		}
	}
}

/* A bit, or one of the values at which sizes and counts go wrong, as 1, 2, 4 or 8 bytes. */
static void overwrite(struct rng *rng, struct str *data)
{
	static const uint64_t values[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff,
					   0x80000000, 0xffffffff, 0x7fffffffffffffff,
					   0x8000000000000000, UINT64_MAX, 0x1000, 0x0a0a0a0a };
	size_t at = rng_below(rng, data->len);
	uint64_t value = values[rng_below(rng, ARRAY_SIZE(values))];
	size_t width = (size_t)1 << rng_below(rng, 4);

	if (rng_below(rng, 2))
		data->data[at] = (char)(data->data[at] ^ 1 << rng_below(rng, 8));
	else
		memcpy(data->data + at, &value, MIN(width, data->len - at));
}

/* A part of some seed, put in or over what is there: sections and lines in wrong places. */
static void splice(struct rng *rng, const struct seeds *seeds, struct str *data)
{
	const struct str *from = &seeds->items[rng_below(rng, seeds->nr)].data;
	size_t at = rng_below(rng, data->len);
	size_t begin = rng_below(rng, from->len);
	size_t len = rng_below(rng, MIN(from->len - begin + 1, (size_t)2000));

	replace(data, at, rng_below(rng, 2) ? len : 0, from->data + begin, len);
}

/* In texts: the digits around a random place become another number, or very many. */
static void replace_number(struct rng *rng, struct str *data)
{
	static const char *const numbers[] = { "", "0", "-1", "18446744073709551615",
					       "18446744073709551616", "9223372036854775808",
					       "4294967296", "0x", "0xffffffffffffffff",
					       "99999999999999999999999999999999999999999" };
	const char *number = numbers[rng_below(rng, ARRAY_SIZE(numbers))];
	size_t at = rng_below(rng, data->len), end;

	while (at < data->len && !strchr("0123456789", data->data[at]))
		at++;
	for (end = at; end < data->len && strchr("0123456789abcdefx", data->data[end]);)
		end++;
	replace(data, at, end - at, number, strlen(number));
}

/* Puts "with" in the place of "len" bytes at "at", as far as there are so many. */
static void replace(struct str *data, size_t at, size_t len, const void *with, size_t with_len)
{
	struct str out;

	len = MIN(len, data->len - at);
	str_init(&out);
	str_add_mem(&out, data->data, at);
	str_add_mem(&out, with, with_len);
	str_add_mem(&out, data->data + at + len, data->len - at - len);
	str_deinit(data);
	*data = out;
}

static int report(const struct driver *driver)
{
	struct rusage usage;
	size_t nr = 0;
	bool ok;

	for (size_t i = 0; i < driver->seeds.nr; i++) {
		struct seed *seed = &driver->seeds.items[i];
		const char *base = strrchr(seed->name, '/');

		printf("ok %zu - %s and %ju mutations\n", ++nr, base ? base + 1 : seed->name,
		       (uintmax_t)seed->nr_mutations);
		free(seed->name);
		str_deinit(&seed->data);
	}
	free(driver->seeds.items);
	getrusage(RUSAGE_SELF, &usage);
	ok = usage.ru_maxrss / 1024 < RSS_LIMIT_MIB;
	printf("%sok %zu - at most %ld MiB resident, limit %d\n", ok ? "" : "not ", ++nr,
	       usage.ru_maxrss / 1024, RSS_LIMIT_MIB);
	return ok ? 0 : 1;
}
