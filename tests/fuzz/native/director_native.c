/* The director's program, compiled for this machine. */
#include "bpf/director.bpf.c"
