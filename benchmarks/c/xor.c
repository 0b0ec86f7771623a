/* W2: configs/xor.yaml, two inputs, three hidden, one output, biases, four samples; the loops are of fixed length. */
#include <math.h>
#include <string.h>

enum { N = 4, IN = 2, H = 3 };

static inline double sigmoid(double v) { return 1 / (1 + exp(-v)); }

void xor(long steps, double *p, const double *x, const double *y, double rate, double *losses)
{
    double w[IN][H], b[H], u[H], c = p[IN * H + 2 * H];
    memcpy(w, p, sizeof w), memcpy(b, p + IN * H, sizeof b), memcpy(u, p + IN * H + H, sizeof u);
    for (long step = 0; step < steps; step++) {
        double a[N][H], o[N], dw[IN][H] = {{0}}, db[H] = {0}, du[H] = {0}, dc = 0, loss = 0;
        /* All samples in each stage: the processor works on several exponentials at once. */
        for (int n = 0; n < N; n++)
            for (int j = 0; j < H; j++) a[n][j] = sigmoid(x[IN * n] * w[0][j] + x[IN * n + 1] * w[1][j] + b[j]);
        for (int n = 0; n < N; n++) o[n] = sigmoid(a[n][0] * u[0] + a[n][1] * u[1] + a[n][2] * u[2] + c);
        for (int n = 0; n < N; n++) {
            double e = o[n] - y[n], t = e * o[n] * (1 - o[n]);
            loss += 0.5 * e * e;
            dc += t;
            for (int j = 0; j < H; j++) {
                double z = u[j] * t * a[n][j] * (1 - a[n][j]);
                du[j] += a[n][j] * t, db[j] += z, dw[0][j] += x[IN * n] * z, dw[1][j] += x[IN * n + 1] * z;
            }
        }
        losses[step] = loss;
        c -= rate * dc;
        for (int j = 0; j < H; j++)
            u[j] -= rate * du[j], b[j] -= rate * db[j], w[0][j] -= rate * dw[0][j], w[1][j] -= rate * dw[1][j];
    }
    memcpy(p, w, sizeof w), memcpy(p + IN * H, b, sizeof b), memcpy(p + IN * H + H, u, sizeof u);
    p[IN * H + 2 * H] = c;
}
