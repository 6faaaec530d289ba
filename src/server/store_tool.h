/* server/store_tool.h - mote store check [--key-file FILE] DIR: the stores
 * below a directory, verified while no server has them.  The file's first line
 * is the key they are encrypted with, whatever their cipher. */
#ifndef SERVER_STORE_TOOL_H
#define SERVER_STORE_TOOL_H

#include <stdbool.h>

/* Is it this, and not the server, that is asked for? */
bool store_tool_is_meant(int argc, char **argv);

/* The exit status: 0 sound, 1 messages are lost or a store cannot be opened,
 * 2 asked in a wrong way or nothing found. */
int store_tool_run(int argc, char **argv);

#endif /* SERVER_STORE_TOOL_H */
