/* W4: 16, ten times 16, 1, tanh, 32 samples; units by samples, so that all loops go along the samples. */
#include <string.h>

enum { N = 32, U = 16, LAYERS = 11 };

/* Several at once, by the vector library of libc where it has one. */
__attribute__((simd("notinbranch"))) double tanh(double);

typedef double rows_t[U][N];

static int units(int layer) { return layer < LAYERS - 1 ? U : 1; }

static void layer_forward(int m, const double *w, const double *b, const rows_t in, rows_t out)
{
    for (int j = 0; j < m; j++) {
        double z[N];
        for (int n = 0; n < N; n++) z[n] = b[j];
        for (int i = 0; i < U; i++)
            for (int n = 0; n < N; n++) z[n] += w[i * m + j] * in[i][n];
#pragma omp simd
        for (int n = 0; n < N; n++) out[j][n] = tanh(z[n]);
    }
}

/* From the gradient by a layer's output: that by its input, and the new weights. */
static void layer_backward(int m, double *w, double *b, const rows_t in, const rows_t out, rows_t g, double rate)
{
    double d[U][N];
    for (int j = 0; j < m; j++) {
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int n = 0; n < N; n++) d[j][n] = g[j][n] * (1 - out[j][n] * out[j][n]), sum += d[j][n];
        b[j] -= rate * sum;
    }
    for (int i = 0; i < U; i++) {
        double back[N] = {0};
        for (int j = 0; j < m; j++) {
            double sum = 0, weight = w[i * m + j];
#pragma omp simd reduction(+ : sum)
            for (int n = 0; n < N; n++) back[n] += weight * d[j][n], sum += in[i][n] * d[j][n];
            w[i * m + j] -= rate * sum;
        }
        memcpy(g[i], back, sizeof back);
    }
}

void narrow(long steps, double *p, const double *x, const double *y, double rate, double *losses)
{
    static rows_t h[LAYERS + 1];
    double *w[LAYERS], *b[LAYERS];
    for (int k = 0; k < LAYERS; k++) w[k] = p, b[k] = p + U * units(k), p = b[k] + units(k);
    for (int i = 0; i < U; i++)
        for (int n = 0; n < N; n++) h[0][i][n] = x[n * U + i];
    for (long step = 0; step < steps; step++) {
        for (int k = 0; k < LAYERS; k++) layer_forward(units(k), w[k], b[k], h[k], h[k + 1]);
        rows_t g;
        double loss = 0;
        for (int n = 0; n < N; n++) {
            double e = h[LAYERS][0][n] - y[n];
            loss += 0.5 * e * e / N, g[0][n] = e / N;
        }
        losses[step] = loss;
        for (int k = LAYERS - 1; k >= 0; k--) layer_backward(units(k), w[k], b[k], h[k], h[k + 1], g, rate);
    }
}
