/* test/lib/ck_tsan/ck_epoch.h - epochs as ThreadSanitizer can see them.
 *
 * The library decides, unseen, that all readers have gone on.  What that means
 * is said here: whoever releases something comes after all sections that had
 * ended before it.  A section that is still open is not among them, so a
 * release that comes too early is a race as it should be.  A record that a
 * thread gave back comes to its next thread with all that was done with it.
 */
#ifndef TEST_LIB_CK_TSAN_CK_EPOCH_H
#define TEST_LIB_CK_TSAN_CK_EPOCH_H

#include_next <ck_epoch.h>

void __tsan_acquire(void *at);
void __tsan_release(void *at);

static inline bool ck_tsan_epoch_end(ck_epoch_record_t *r,
    ck_epoch_section_t *s)
{
	__tsan_release(r->global);
	return ck_epoch_end(r, s);
}

static inline bool ck_tsan_epoch_poll(ck_epoch_record_t *r)
{
	ck_stack_t        due = CK_STACK_INITIALIZER;
	ck_stack_entry_t *e, *next;
	bool              any = ck_epoch_poll_deferred(r, &due);

	__tsan_acquire(r->global);
	for (e = CK_STACK_FIRST(&due); e != NULL; e = next) {
		ck_epoch_entry_t *entry = (void *)((char *)e -
		    offsetof(ck_epoch_entry_t, stack_entry));

		next = CK_STACK_NEXT(e);
		entry->function(entry);
	}
	return any;
}

static inline void ck_tsan_epoch_barrier(ck_epoch_record_t *r)
{
	ck_epoch_synchronize(r);
	__tsan_acquire(r->global);
	ck_epoch_reclaim(r);
}

static inline void ck_tsan_epoch_unregister(ck_epoch_record_t *r)
{
	__tsan_release(r->global);
	ck_epoch_unregister(r);
}

static inline ck_epoch_record_t *ck_tsan_epoch_recycle(ck_epoch_t *e, void *ct)
{
	ck_epoch_record_t *r = ck_epoch_recycle(e, ct);

	__tsan_acquire(e);
	return r;
}

#define ck_epoch_end        ck_tsan_epoch_end
#define ck_epoch_poll       ck_tsan_epoch_poll
#define ck_epoch_barrier    ck_tsan_epoch_barrier
#define ck_epoch_unregister ck_tsan_epoch_unregister
#define ck_epoch_recycle ck_tsan_epoch_recycle

#endif /* TEST_LIB_CK_TSAN_CK_EPOCH_H */
