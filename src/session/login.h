/* session/login.h - from accepted to ready.
 *
 * A login that needs no bcrypt is settled at once.  One that does is posted to
 * the hasher, one whose account is not loaded to the resolver; the client's
 * input waits until the verdict comes back by mail.
 * Spec: core protocol 1.4, 4.1.
 */
#ifndef SESSION_LOGIN_H
#define SESSION_LOGIN_H

#include "base/slice.h"

struct callout_question;
struct client;

/* A fresh connection: ready, or to identify itself in time. */
void login_expect(struct client *c);

/* A CONNECT was read into c->opts. */
void login_connect(struct client *c);

/* It began with something else, and may, as no_auth_user. */
void login_silent(struct client *c);

/* After a reload: again, with the credentials it gave. */
void login_again(struct client *c);

/* It has waited because of failed logins, its own or others'. */
void login_retry(struct client *c);

/* Its credentials have expired. */
void login_expired(struct client *c);

/* Who was asked about it has answered: goes on, is refused, or waits until the
 * account is found that it was placed in.  proxy: of a struct auth_answer. */
void login_answered(struct client *c, const struct callout_question *q,
    struct slice payload, int proxy);

/* Time is over. */
void login_timed_out(struct client *c);

/* The client goes; a verdict on its way will find nobody. */
void login_cancel(struct client *c);

#endif /* SESSION_LOGIN_H */
