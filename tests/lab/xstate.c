/*
 * Preloaded into User-Mode Linux before 6.13, which hands the kernel 2696 bytes of
 * floating-point registers where a processor has more (AMX) and Linux takes all or none
 * of them (arch/x86/kernel/fpu/regset.c, xstateregs_set).
 *
 * What it leaves out stays in its initial state, in which it always is: Linux gives AMX
 * only to processes that have asked for it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

typedef long (*ptrace_function)(int, pid_t, void *, void *);

/* static: the stacks of User-Mode Linux are small, and one thread alone calls this */
static char registers[65536];

static size_t size_of_all(ptrace_function next, pid_t pid)
{
	static size_t size;
	struct iovec all = { registers, sizeof registers };

	if (!size && next(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &all) == 0)
		size = all.iov_len;
	return size;
}

long ptrace(enum __ptrace_request request, ...)
{
	static ptrace_function next;
	va_list arguments;
	pid_t pid;
	void *address, *data;

	va_start(arguments, request);
	pid = va_arg(arguments, pid_t);
	address = va_arg(arguments, void *);
	data = va_arg(arguments, void *);
	va_end(arguments);
	if (!next)
		next = (ptrace_function)dlsym(RTLD_NEXT, "ptrace");

	if (request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE) {
		struct iovec *given = data;
		struct iovec all = { registers, size_of_all(next, pid) };

		if (given->iov_len < all.iov_len) {
			memcpy(registers, given->iov_base, given->iov_len);
			return next(request, pid, address, &all);
		}
	}
	return next(request, pid, address, data);
}
