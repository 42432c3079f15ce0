/*
 * load PORT CONNECTIONS COUNT keep|close STATUS REQUEST CONTENT sends the request
 * in the file REQUEST to 127.0.0.1 COUNT times, over so many connections at
 * once, and looks at every byte of the content, which has to be the file
 * CONTENT. With close, each request has a connection of its own, whose end has
 * to follow the answer. It prints how many nanoseconds that took, and fails at
 * the first answer that is not right.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A connection has a head, or what has come of it, and then content. */
struct connection {
	int fd;
	int in_content;
	size_t have; /* of the head in bytes, or of the content */
	char head[8192];
};

static struct sockaddr_in address = {.sin_family = AF_INET};
static const char *request, *content;
static size_t request_size, content_size;
static int keep, status, queue;
static long to_send, to_receive;
static char buffer[1 << 18];

static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void wrong(const char *what, const struct connection *c)
{
	fprintf(stderr, "load: %s after %zu bytes of %s: %.*s\n", what, c->have,
		c->in_content ? "content" : "a head", (int)strcspn(c->head, "\r\n"), c->head);
	exit(1);
}

static const char *map(const char *name, size_t *size)
{
	struct stat info;
	void *text = "";
	int fd = open(name, O_RDONLY);

	if (fd < 0 || fstat(fd, &info) < 0)
		fail(name);
	*size = info.st_size;
	if (*size > 0)
		text = mmap(NULL, *size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (text == MAP_FAILED)
		fail(name);
	close(fd);
	return text;
}

/* ask sends a request, if there is one left to be sent. */
static void ask(struct connection *c)
{
	if (to_send == 0)
		return;
	to_send--;
	c->in_content = 0;
	c->have = 0;
	if (write(c->fd, request, request_size) != (ssize_t)request_size)
		fail("write");
}

static void dial(struct connection *c)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
	int on = 1;

	if (to_send == 0)
		return;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0)
		fail("connect");
	if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
		fail("TCP_NODELAY");
	ask(c);
	if (epoll_ctl(queue, EPOLL_CTL_ADD, c->fd, &event) < 0)
		fail("epoll_ctl");
}

/* check_head looks at a head that is complete: status and length. */
static void check_head(const struct connection *c)
{
	const char *length = strcasestr(c->head, "\r\nContent-Length:");

	if (strncmp(c->head, "HTTP/1.", 7) != 0 || atoi(c->head + 9) != status)
		wrong("another status", c);
	if (length ? strtoul(length + 17, NULL, 10) != content_size : keep)
		wrong("another length", c);
	if (strcasestr(c->head, "\r\nTransfer-Encoding:"))
		wrong("a coding", c);
}

/* take_head takes what belongs to the head, and gives how much that was. */
static size_t take_head(struct connection *c, const char *text, size_t size)
{
	size_t had = c->have, some = size;
	char *end;

	if (some > sizeof c->head - 1 - had)
		some = sizeof c->head - 1 - had;
	memcpy(c->head + had, text, some);
	c->have += some;
	c->head[c->have] = 0;
	end = strstr(c->head, "\r\n\r\n");
	if (!end) {
		if (some < size)
			wrong("a head that is too long", c);
		return size;
	}
	end[2] = 0;
	check_head(c);
	c->in_content = 1;
	c->have = 0;
	return end + 4 - c->head - had;
}

static void take(struct connection *c, const char *text, size_t size)
{
	if (!c->in_content) {
		size_t n = take_head(c, text, size);
		text += n;
		size -= n;
	}
	if (!c->in_content)
		return;
	if (size > content_size - c->have || memcmp(content + c->have, text, size) != 0)
		wrong("a wrong byte", c);
	c->have += size;
	if (keep && c->have == content_size) {
		to_receive--;
		ask(c);
	}
}

/* ended is for when the server has closed a connection. */
static void ended(struct connection *c)
{
	if (keep || !c->in_content || c->have != content_size)
		wrong("the end", c);
	close(c->fd);
	to_receive--;
	dial(c);
}

static void serve(struct connection *c)
{
	ssize_t n = read(c->fd, buffer, sizeof buffer);

	if (n < 0)
		fail("read");
	if (n == 0)
		ended(c);
	else
		take(c, buffer, n);
}

static long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(int argc, char **argv)
{
	struct epoll_event events[64];
	struct connection *all;
	long long began;
	int i, n, count;

	if (argc != 8) {
		fprintf(stderr, "usage: load PORT CONNECTIONS COUNT keep|close STATUS REQUEST CONTENT\n");
		return 2;
	}
	address.sin_port = htons(atoi(argv[1]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	count = atoi(argv[2]);
	to_send = to_receive = atol(argv[3]);
	keep = strcmp(argv[4], "keep") == 0;
	status = atoi(argv[5]);
	request = map(argv[6], &request_size);
	content = map(argv[7], &content_size);
	queue = epoll_create1(EPOLL_CLOEXEC);
	all = calloc(count, sizeof *all);
	if (queue < 0 || !all)
		fail("starting");
	began = now();
	for (i = 0; i < count; i++)
		dial(&all[i]);
	while (to_receive > 0) {
		n = epoll_wait(queue, events, 64, 10000);
		if (n <= 0)
			fail("nothing comes");
		for (i = 0; i < n; i++)
			serve(events[i].data.ptr);
	}
	printf("%lld\n", now() - began);
	return 0;
}
