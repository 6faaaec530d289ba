/* server/config.h - a configuration file, read and understood.
 *
 * What conf reads it does not understand all of: keys and tokens are auth's,
 * mappings and imports core's.  Both are asked here, so that `-t` says of a
 * file what a start would, with the place.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

struct conf_report;
struct options;

/* options_load_file, and these questions.  Thread: control. */
int config_load(struct options *o, const char *path, struct conf_report *r);

#endif /* SERVER_CONFIG_H */
