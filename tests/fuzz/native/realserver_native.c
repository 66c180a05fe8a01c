/* The real server's program, compiled for this machine. */
#include "bpf/realserver.bpf.c"
