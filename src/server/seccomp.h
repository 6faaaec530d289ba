/* server/seccomp.h - which system calls this process may still make.
 *
 * A list of what the C library, the TLS and crypto libraries and the server
 * need once it runs; seccomp.c says what becomes of the others.
 */
#ifndef SERVER_SECCOMP_H
#define SERVER_SECCOMP_H

/* From now on, for all threads of the process and those to come.
 * ERR_NOTFOUND: not in this kernel, or not known for this processor.
 * ERR_IO: errno, and nothing is limited. */
int seccomp_enter(void);

#endif /* SERVER_SECCOMP_H */
