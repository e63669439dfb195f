/* Two threads add to one plain counter: ThreadSanitizer must say so. */
#include <pthread.h>
#include <stdio.h>

static void *add(void *counter)
{
	for (int i = 0; i < 1000; i++)
		++*(int *)counter;
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	int counter = 0;

	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, add, &counter) != 0)
			return 0;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%d\n", counter);
	return 0;
}
