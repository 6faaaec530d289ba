/* session/version.h - who we say we are. */
#ifndef SESSION_VERSION_H
#define SESSION_VERSION_H

/* Clients gate features on these: the nats-server we behave like. */
#define NATS_VERSION   "2.15.1"
#define NATS_API_LEVEL 5

/* MOTE_VERSION comes from the build (meson.build). */
#ifndef MOTE_VERSION
#define MOTE_VERSION "dev"
#endif

#endif /* SESSION_VERSION_H */
