/* server/main.c - the program mote. */
#include "server/program.h"

int main(int argc, char **argv)
{
	return program_run(argc, argv);
}
