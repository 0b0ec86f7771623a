/* W3: 784-128-10, ReLU, softmax, cross-entropy, over the matrix product of a BLAS with 64-bit integers.
 *
 * `folded` adds the gradients of the weights to them within the product; without, they are computed and then taken off.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 784, H = 128, OUT = 10, ROW = 101, NO = 111, YES = 112 };

typedef void gemm_t(int, int, int, long, long, long, double, const double *, long, const double *, long, double,
                    double *, long);

static double *forward(gemm_t *gemm, long n, const double *x, const double *p, double *h, double *o)
{
    const double *w = p, *b = w + IN * H, *u = b + H, *c = u + H * OUT;
    gemm(ROW, NO, NO, n, H, IN, 1, x, IN, w, H, 0, h, H);
    for (long i = 0; i < n; i++)
        for (int j = 0; j < H; j++) {
            double z = h[i * H + j] + b[j];
            h[i * H + j] = z > 0 ? z : 0;
        }
    for (long i = 0; i < n; i++) memcpy(o + i * OUT, c, OUT * sizeof *c);
    gemm(ROW, NO, NO, n, OUT, H, 1, h, H, u, OUT, 1, o, OUT);
    return o;
}

/* The mean cross-entropy of the rows of t; they become its gradient. */
static double softmax(long n, const double *y, double *t)
{
    double loss = 0;
    for (long i = 0; i < n; i++, t += OUT, y += OUT) {
        double most = t[0], sum = 0, e[OUT];
        for (int j = 1; j < OUT; j++) most = t[j] > most ? t[j] : most;
        for (int j = 0; j < OUT; j++) sum += e[j] = exp(t[j] - most);
        double whole = most + log(sum);
        for (int j = 0; j < OUT; j++) loss += y[j] * (whole - t[j]), t[j] = (e[j] / sum - y[j]) / n;
    }
    return loss / n;
}

static void less(long n, long units, const double *d, double rate, double *b)
{
    double sum[H] = {0};
    for (long i = 0; i < n; i++)
        for (long j = 0; j < units; j++) sum[j] += d[i * units + j];
    for (long j = 0; j < units; j++) b[j] -= rate * sum[j];
}

void classes(long steps, double *p, const double *x, const double *y, double rate, double *losses, long n, gemm_t *gemm,
             int folded)
{
    double *w = p, *b = w + IN * H, *u = b + H, *c = u + H * OUT;
    double *h = malloc(n * H * sizeof *h), *d = malloc(n * H * sizeof *d), *o = malloc(n * OUT * sizeof *o);
    double *gw = malloc((IN + OUT) * H * sizeof *gw), *gu = gw + IN * H;
    for (long step = 0; step < steps; step++) {
        losses[step] = softmax(n, y, forward(gemm, n, x, p, h, o));
        gemm(ROW, NO, YES, n, H, OUT, 1, o, OUT, u, OUT, 0, d, H);
        for (long k = 0; k < n * H; k++) d[k] = h[k] > 0 ? d[k] : 0;
        double scale = folded ? -rate : 1, keep = folded;
        gemm(ROW, YES, NO, H, OUT, n, scale, h, H, o, OUT, keep, folded ? u : gu, OUT);
        gemm(ROW, YES, NO, IN, H, n, scale, x, IN, d, H, keep, folded ? w : gw, H);
        if (!folded) {
            for (long k = 0; k < H * OUT; k++) u[k] -= rate * gu[k];
            for (long k = 0; k < IN * H; k++) w[k] -= rate * gw[k];
        }
        less(n, OUT, o, rate, c), less(n, H, d, rate, b);
    }
    free(h), free(d), free(o), free(gw);
}
