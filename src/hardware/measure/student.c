#include "student.h"

#include <math.h>

/*
 * Exact below 3 degrees of freedom, then the expansion of Cornish and Fisher about the normal
 * quantile z (Abramowitz and Stegun 26.7.5): right to 0.5 % from 3 on.
 */
double student_95(double dof)
{
	const double z = 1.959963984540054;
	double z2 = z * z, t = z, power = dof;
	const double terms[] = {(z2 + 1) / 4, ((5 * z2 + 16) * z2 + 3) / 96,
		(((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384,
		((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160};

	if (dof < 2)
		return 12.706204736174694;
	if (dof < 3)
		return 4.302652729749462;
	for (int i = 0; i < 4; i++, power *= dof)
		t += z * terms[i] / power;
	return t;
}
