/* core/spec_copy.h - a specification of one's own.
 *
 * So that an account's policy can say later what was configured: to
 * monitoring, and to other accounts that import from it and come or change
 * afterwards.
 */
#ifndef CORE_SPEC_COPY_H
#define CORE_SPEC_COPY_H

struct account_spec;

/* All it points to is copied, in one piece of memory that free gives back; but
 * default_permissions, which is NULL in the copy.  NULL: out of memory. */
struct account_spec *spec_copy(const struct account_spec *from);

#endif /* CORE_SPEC_COPY_H */
