/*
 * spawn SCRIPT WORKERS COUNT runs SCRIPT COUNT times in each of WORKERS
 * processes: vfork, exec, read what it writes, wait for it, and nothing else.
 * That is the floor for a server that runs a script for each request. It fails
 * where a script does not write what hello.c does, or fails itself.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char want[] = "Content-Type: text/plain\n\nhello\n";

static char *script;
static int null;

/* succeeded waits for a child, or for any if pid is -1: did it exit with 0? */
static int succeeded(pid_t pid)
{
	int status;
	return waitpid(pid, &status, 0) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* run runs the script once. */
static int run(void)
{
	char *argv[] = {script, NULL};
	char *envp[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "GATEWAY_INTERFACE=CGI/1.1", NULL};
	char got[sizeof want];
	size_t have;
	ssize_t n;
	int out[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		return 0;
	pid = vfork();
	if (pid < 0)
		return 0;
	if (pid == 0) {
		if (dup2(null, 0) == 0 && dup2(out[1], 1) == 1)
			execve(script, argv, envp);
		_exit(127);
	}
	close(out[1]);
	have = n = 0;
	while (have < sizeof got && (n = read(out[0], got + have, sizeof got - have)) > 0)
		have += n;
	close(out[0]);
	return succeeded(pid) && n == 0 && have == sizeof want - 1 && memcmp(got, want, have) == 0;
}

int main(int argc, char **argv)
{
	int workers, count, started, ok;

	if (argc != 4) {
		fprintf(stderr, "usage: spawn SCRIPT WORKERS COUNT\n");
		return 2;
	}
	script = argv[1];
	workers = atoi(argv[2]);
	count = atoi(argv[3]);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	for (started = 0; started < workers; started++) {
		pid_t pid = fork();
		if (pid < 0)
			break;
		if (pid == 0) {
			for (; count > 0; count--)
				if (!run())
					_exit(1);
			_exit(0);
		}
	}
	ok = started == workers;
	while (started-- > 0)
		ok &= succeeded(-1);
	return !ok;
}
