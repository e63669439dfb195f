/*
 * The last records of a stream, for one writer and any number of readers that never wait. Every
 * slot carries the number of the record in it, odd while it is written: a reader that sees another
 * number before or after its copy knows that the record is gone. Every word is atomic, so there is
 * no race in the sense of the language; on common processors they cost what plain ones do.
 */
#ifndef HG_HARDWARE_MEASURE_RING_H
#define HG_HARDWARE_MEASURE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Most 64-bit words of a record; its first is the time that the records are in order of. */
#define RING_WORDS 8

struct ring {
	_Atomic uint64_t *slots; /* each: number, words */
	size_t capacity;         /* records, a power of two */
	size_t words;            /* of a record */
	_Atomic uint64_t head;   /* records ever written */
};

/** @return 0, or -1 when memory is out */
int ring_init(struct ring *r, size_t capacity, size_t words);
/** A zeroed ring is fine. */
void ring_finish(struct ring *r);

/** Appends a record. One thread at a time. */
void ring_push(struct ring *r, const void *record);

/** Records ever written; number 0 was the first. */
uint64_t ring_head(const struct ring *r);
/** Number of the oldest that is still there. */
uint64_t ring_oldest(const struct ring *r);
/** Copies record i. @return false: it is not there any more, or not yet */
bool ring_get(const struct ring *r, uint64_t i, void *record);
/** Number of the first record whose time is t or later; ring_head() if there is none. O(log n) */
uint64_t ring_find(const struct ring *r, int64_t t);

#endif
