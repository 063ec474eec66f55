/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts, classes and stories of what was judged. */
#include <config.h>

#include "kmreplay/verify/log.h"

#include "kmreplay/abi/kernel.h"

#include <string.h>

static struct verify_story *judged(struct verify_log *log, enum verify_metric metric, bool right,
				   const struct verify_what *what);
static void add_class(struct verify_log *log, enum verify_metric metric,
		      const struct verify_what *what);
static bool same_class(const struct verify_class *a, const struct verify_class *b);
static uint64_t class_hash(const struct verify_class *class);
static struct verify_story *add_story(struct verify_log *log, enum verify_metric metric, bool right,
				      const struct verify_what *what);

static const struct verify_metric_desc descs[] = {
#define X(suffix, key_, layer_, kind_, help_)                                                 \
	[VERIFY_##suffix] = { .key = (key_),                                                  \
			      .help = (help_),                                                \
			      .layer = VERIFY_##layer_,                                       \
			      .kind = VERIFY_##kind_ },
	VERIFY_METRICS(X)
#undef X
};

const struct verify_metric_desc *verify_metric_desc(enum verify_metric metric)
{
	BUG_ON((unsigned int)metric >= VERIFY_METRIC_NR);
	return &descs[metric];
}

const char *verify_layer_name(unsigned int layer)
{
	static const char *const names[] = { "page", "slab", "vmalloc", "percpu", "joint" };

	static_assert(ARRAY_SIZE(names) == VERIFY_LAYER_NR, "a name for each layer");
	return layer < ARRAY_SIZE(names) ? names[layer] : NULL;
}

const char *verify_mode_name(unsigned int mode)
{
	static const char *const names[] = { "follow", "free" };

	return mode < ARRAY_SIZE(names) ? names[mode] : NULL;
}

static const struct {
	const char *name, *help;
} givens[] = {
#define X(suffix, name_, help_) { (name_), (help_) },
	VERIFY_GIVENS(X)
#undef X
};

const char *verify_given_name(unsigned int given)
{
	return given < ARRAY_SIZE(givens) ? givens[given].name : NULL;
}

const char *verify_given_help(unsigned int given)
{
	return given < ARRAY_SIZE(givens) ? givens[given].help : NULL;
}

void verify_log_init(struct verify_log *log, const struct verify_log_options *options)
{
	memset(log, 0, sizeof(*log));
	log->options = *options;
	for (size_t i = 0; i < VERIFY_METRIC_NR; i++)
		log->counts[i].first_wrong = UINT64_MAX;
	u64map_init(&log->class_index);
	log->next_stop_at = options->nr_stops ? options->stops[0] : UINT64_MAX;
}

void verify_log_deinit(struct verify_log *log)
{
	vec_foreach(&log->stories, story) {
		str_deinit(&story->ours);
		str_deinit(&story->kernel);
		str_deinit(&story->state);
	}
	vec_deinit(&log->stories);
	vec_deinit(&log->classes);
	vec_deinit(&log->reasons);
	u64map_deinit(&log->class_index);
}

struct verify_story *verify_judge(struct verify_log *log, enum verify_metric metric, bool right,
				  const struct verify_what *what)
{
	struct verify_count *count = &log->counts[metric];

	count->all++;
	count->right += right;
	return judged(log, metric, right, what);
}

struct verify_story *verify_detect(struct verify_log *log, enum verify_metric metric,
				   bool happened, bool predicted, const struct verify_what *what)
{
	struct verify_count *count = &log->counts[metric];

	BUG_ON(!happened && !predicted);
	count->all += happened;
	count->right += happened && predicted;
	count->alarms += !happened;
	return judged(log, metric, happened && predicted, what);
}

void verify_aside(struct verify_log *log, enum verify_aside aside, enum verify_layer layer,
		  const char *text, uint64_t nr)
{
	if (!nr)
		return;
	vec_foreach(&log->reasons, reason) {
		if (reason->text == text && reason->aside == aside && reason->layer == layer) {
			reason->nr += nr;
			return;
		}
	}
	vec_push(&log->reasons, (struct verify_reason){ .aside = (uint8_t)aside,
							.layer = (uint8_t)layer,
							.text = text,
							.nr = nr });
}

void verify_run_stops(struct verify_log *log, uint64_t number)
{
	while (log->next_stop < log->options.nr_stops && log->next_stop_at <= number) {
		const size_t i = log->next_stop++;

		log->next_stop_at = log->next_stop < log->options.nr_stops ?
					    log->options.stops[log->next_stop] : UINT64_MAX;
		log->options.stop(log->options.ctx, i);
	}
}

static struct verify_story *judged(struct verify_log *log, enum verify_metric metric, bool right,
				   const struct verify_what *what)
{
	bool tell = unlikely(what->number == log->options.explain);

	if (likely(right))
		return tell ? add_story(log, metric, right, what) : NULL;
	log->counts[metric].first_wrong = MIN(log->counts[metric].first_wrong, what->number);
	tell |= log->nr_differences++ < log->options.nr_stories;
	if (log->options.classes)
		add_class(log, metric, what);
	return tell ? add_story(log, metric, right, what) : NULL;
}

/* Classes of one hash are few: the index leads to the first, which are then passed in order. */
static void add_class(struct verify_log *log, enum verify_metric metric,
		      const struct verify_what *what)
{
	struct verify_class class = {
		.metric = (uint8_t)metric,
		.order = what->order,
		.type = what->type,
		.cache = what->cache,
		.site = what->ev ? what->ev->site : 0,
		.path = what->path,
		.nr = 1,
		.first = what->number,
	};
	uint64_t hash = class_hash(&class);
	uint32_t *at;
	bool fresh;

	for (;; hash++) {
		at = u64map_insert(&log->class_index, hash & INT64_MAX, &fresh);
		if (fresh)
			break;
		if (same_class(&log->classes.items[*at], &class)) {
			log->classes.items[*at].nr++;
			return;
		}
	}
	*at = (uint32_t)log->classes.nr;
	vec_push(&log->classes, class);
}

static bool same_class(const struct verify_class *a, const struct verify_class *b)
{
	return a->metric == b->metric && a->order == b->order && a->type == b->type &&
	       a->cache == b->cache && a->site == b->site && a->path == b->path;
}

static uint64_t class_hash(const struct verify_class *class)
{
	uint64_t hash = (uint64_t)class->site << 32 | class->cache;

	hash = hash * 0x9e3779b97f4a7c15ULL + (uintptr_t)class->path;
	hash = hash * 0x9e3779b97f4a7c15ULL +
	       ((uint64_t)class->metric << 16 | (uint64_t)(uint8_t)class->order << 8 |
		class->type);
	return hash ^ hash >> 29;
}

static struct verify_story *add_story(struct verify_log *log, enum verify_metric metric, bool right,
				      const struct verify_what *what)
{
	struct verify_story story = {
		.what = *what,
		.metric = (uint8_t)metric,
		.right = right,
		.has_event = what->ev != NULL,
	};

	if (what->ev)
		story.ev = *what->ev;
	story.what.ev = NULL;
	str_init(&story.ours);
	str_init(&story.kernel);
	str_init(&story.state);
	vec_push(&log->stories, story);
	return &log->stories.items[log->stories.nr - 1];
}
