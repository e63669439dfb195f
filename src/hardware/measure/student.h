/* Quantiles of Student's t. */
#ifndef HG_HARDWARE_MEASURE_STUDENT_H
#define HG_HARDWARE_MEASURE_STUDENT_H

/** Half-width of the central 95 % in standard deviations, at dof >= 1 degrees of freedom. */
double student_95(double dof);

#endif
