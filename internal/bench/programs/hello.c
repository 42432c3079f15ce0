/* hello is a CGI script that does as little as one can. */
#include <unistd.h>

int main(void)
{
	static const char answer[] = "Content-Type: text/plain\n\nhello\n";
	return write(1, answer, sizeof answer - 1) == sizeof answer - 1 ? 0 : 1;
}
