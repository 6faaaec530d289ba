/* server/program.h - the program mote, from command line to exit status. */
#ifndef SERVER_PROGRAM_H
#define SERVER_PROGRAM_H

int program_run(int argc, char **argv);

#endif /* SERVER_PROGRAM_H */
