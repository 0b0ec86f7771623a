/* W1: configs/example.yaml, two inputs, two hidden, two outputs, one sample, straight down. */
#include <math.h>

static inline double sigmoid(double v) { return 1 / (1 + exp(-v)); }

void example(long steps, double *p, const double *x, const double *y, double rate, double *losses)
{
    double w11 = p[0], w12 = p[1], w21 = p[2], w22 = p[3], u11 = p[4], u12 = p[5], u21 = p[6], u22 = p[7];
    const double x1 = x[0], x2 = x[1], y1 = y[0], y2 = y[1];
    for (long step = 0; step < steps; step++) {
        double h1 = sigmoid(x1 * w11 + x2 * w21), h2 = sigmoid(x1 * w12 + x2 * w22);
        double o1 = sigmoid(h1 * u11 + h2 * u21), o2 = sigmoid(h1 * u12 + h2 * u22);
        double e1 = o1 - y1, e2 = o2 - y2;
        losses[step] = 0.5 * (e1 * e1 + e2 * e2);
        double t1 = e1 * o1 * (1 - o1), t2 = e2 * o2 * (1 - o2);
        double z1 = (u11 * t1 + u12 * t2) * h1 * (1 - h1), z2 = (u21 * t1 + u22 * t2) * h2 * (1 - h2);
        t1 *= rate, t2 *= rate, z1 *= rate, z2 *= rate;
        u11 -= h1 * t1, u12 -= h1 * t2, u21 -= h2 * t1, u22 -= h2 * t2;
        w11 -= x1 * z1, w12 -= x1 * z2, w21 -= x2 * z1, w22 -= x2 * z2;
    }
    p[0] = w11, p[1] = w12, p[2] = w21, p[3] = w22, p[4] = u11, p[5] = u12, p[6] = u21, p[7] = u22;
}
