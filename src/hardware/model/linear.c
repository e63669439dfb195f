#include "linear.h"

#include <math.h>
#include <string.h>

bool cholesky(double *a, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j <= i; j++) {
			double sum = a[i * n + j];

			for (size_t k = 0; k < j; k++)
				sum -= a[i * n + k] * a[j * n + k];
			if (i != j) {
				a[i * n + j] = sum / a[j * n + j];
				continue;
			}
			if (!(sum > 0.0) || !isfinite(sum))
				return false;
			a[i * n + i] = sqrt(sum);
		}
	}
	return true;
}

void cholesky_forward(const double *l, size_t n, double *b)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++)
			b[i] -= l[i * n + k] * b[k];
		b[i] /= l[i * n + i];
	}
}

void cholesky_backward(const double *l, size_t n, double *b)
{
	for (size_t i = n; i-- > 0;) {
		for (size_t k = i + 1; k < n; k++)
			b[i] -= l[k * n + i] * b[k];
		b[i] /= l[i * n + i];
	}
}

void cholesky_inverse(const double *l, size_t n, double *out)
{
	memset(out, 0, n * n * sizeof *out);
	for (size_t i = 0; i < n; i++) {
		double *column = out + i * n; /* symmetric: a row is a column */

		column[i] = 1.0;
		cholesky_forward(l, n, column);
		cholesky_backward(l, n, column);
	}
}
