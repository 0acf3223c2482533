package dev.minke.tensor;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// Causal latent attention in expanded form, forward and backward.
public interface AttentionContract extends ContractSupport {
    /// Awkward widths, no rope at all, the ratios of the family, value wider than key.
    AttentionShape[] SHAPES = {
        new AttentionShape(1, 1, 0, 1, 1f),
        new AttentionShape(3, 5, 4, 7, 0.3f),
        new AttentionShape(2, 16, 8, 16, 0.2f),
        new AttentionShape(2, 31, 2, 33, 0.17f),
        new AttentionShape(2, 64, 32, 64, 0.1f),
    };

    /// Lengths of the sequences of a batch.
    int[][] LENGTHS = {{1}, {3, 1, 16}, {15, 17, 31, 33}, {70, 2, 64}, {133}};

    /// Inputs of one case.
    record Case(AttentionShape shape, Tensor q, Tensor kv, Tensor kr, Tensor sequences, int t) {
        static Case of(Sample sample, AttentionShape shape, int... lengths) {
            int t = Arrays.stream(lengths).sum();
            return new Case(
                    shape,
                    sample.matrix(t, (long) shape.heads() * shape.queryKey()),
                    sample.matrix(t, (long) shape.heads() * shape.keyValue()),
                    sample.matrix(t, shape.rope()),
                    sample.starts(lengths),
                    t);
        }

        Tensor output(Sample sample) {
            return sample.output(t, (long) shape.heads() * shape.value());
        }

        String name(String what) {
            return what + " " + shape + " starts " + Arrays.toString(sequences.toInts());
        }
    }

    @Test
    default void attentionIsASoftmaxOverTheTokensOfItsSequenceSoFar() {
        for (AttentionShape shape : SHAPES) {
            for (int[] lengths : LENGTHS) {
                matches(Case.of(sample(21), shape, lengths), 1);
            }
        }
    }

    @Test
    default void attentionTakesEverySequenceLengthUpTo70() {
        int[] lengths = new int[70];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = i + 1;
        }
        matches(Case.of(sample(22), new AttentionShape(1, 6, 2, 5, 0.4f), lengths), 1);
    }

    @Test
    default void attentionSurvivesLargeAndZeroScores() {
        AttentionShape shape = new AttentionShape(2, 16, 8, 12, 0.2f);
        for (double size : new double[] {0, 1e-4, 30, 300}) {
            Sample sample = sample(23);
            Case inputs = Case.of(sample, shape, 40, 21);
            sample.fill(inputs.q(), size);
            matches(inputs, size);
        }
    }

    private void matches(Case inputs, double size) {
        Sample sample = sample(24);
        Tensor out = inputs.output(sample);
        Tensor lse = sample.output(inputs.shape().heads(), inputs.t());
        AttentionShape shape = inputs.shape();
        kernels()
                .attention(
                        shape, inputs.q(), inputs.kv(), inputs.kr(), inputs.sequences(), out, lse);
        double[] log = new double[shape.heads() * inputs.t()];
        double[] expected =
                forward(
                        shape,
                        Sample.doubles(inputs.q()),
                        Sample.doubles(inputs.kv()),
                        Sample.doubles(inputs.kr()),
                        inputs.sequences().toInts(),
                        log);
        // an error in a score is a relative error in its probability; scores grow with `size`
        double tolerance = 1e-5 * (1 + size * shape.scale() * Math.sqrt(shape.queryKey()));
        Close.within(inputs.name("out"), out, expected, 4 * tolerance);
        Close.within(inputs.name("lse"), lse, log, tolerance);
        Sample.frameUntouched(inputs.name("out"), out);
        Sample.frameUntouched(inputs.name("lse"), lse);
    }

    @Test
    default void attentionOfTheLastTokensHasTheBitsOfTheWhole() {
        int[] lengths = {1, 30, 65, 450, 7};
        int[] own = {1, 3, 64, 300, 0};
        for (AttentionShape shape : SHAPES) {
            Sample sample = sample(20);
            Case all = Case.of(sample, shape, lengths);
            Tensor whole = all.output(sample);
            Tensor wholeLse = sample.output(shape.heads(), all.t());
            kernels()
                    .attention(
                            shape, all.q(), all.kv(), all.kr(), all.sequences(), whole, wholeLse);
            Tensor queries = sample.starts(own);
            int count = Arrays.stream(own).sum();
            Tensor q = sample.matrix(count, all.q().cols());
            Tensor out = sample.output(count, whole.cols());
            Tensor lse = sample.output(shape.heads(), count);
            for (int s = 0; s < own.length; s++) {
                int end = all.sequences().getInt(s + 1L);
                q.range(queries.getInt(s), queries.getInt(s + 1L))
                        .copyFrom(all.q().range(end - own[s], end));
            }
            kernels().attention(shape, q, queries, all.kv(), all.kr(), all.sequences(), out, lse);
            for (int s = 0; s < own.length; s++) {
                int from = queries.getInt(s);
                int to = queries.getInt(s + 1L);
                int end = all.sequences().getInt(s + 1L);
                Tensor rows = whole.range(end - own[s], end);
                Close.sameBits(all.name("last rows of " + s), out.range(from, to), rows);
                Tensor logs = wholeLse.columns(end - own[s], end);
                Close.sameBits(all.name("lse of " + s), lse.columns(from, to), logs);
            }
            Sample.frameUntouched("out", out);
        }
    }

    @Test
    default void attentionGradientsAreThoseOfTheForwardPass() {
        for (AttentionShape shape : SHAPES) {
            for (int[] lengths : new int[][] {{1}, {5, 1, 9}, {17, 33}}) {
                differentiate(sample(25), shape, lengths);
            }
        }
        differentiate(sample(26), new AttentionShape(2, 10, 6, 9, 0.3f), 133, 70);
    }

    private void differentiate(Sample sample, AttentionShape shape, int... lengths) {
        Case inputs = Case.of(sample, shape, lengths);
        int t = inputs.t();
        int heads = shape.heads();
        Tensor out = inputs.output(sample);
        Tensor lse = sample.output(heads, t);
        Tensor dout = sample.matrix(t, (long) heads * shape.value());
        Tensor dq = sample.output(t, (long) heads * shape.queryKey());
        Tensor dkv = sample.output(t, (long) heads * shape.keyValue());
        Tensor dkr = sample.output(t, shape.rope());
        dkr.clear();
        backward(kernels(), inputs, dout, out, lse, dq, dkv, dkr);
        double[] q = Sample.doubles(inputs.q());
        double[] kv = Sample.doubles(inputs.kv());
        double[] kr = Sample.doubles(inputs.kr());
        double[] up = Sample.doubles(dout);
        int[] starts = inputs.sequences().toInts();
        double[] log = new double[heads * t];
        Differences.check(
                inputs.name("dq"),
                dq,
                q,
                x -> Differences.dot(up, forward(shape, x, kv, kr, starts, log)),
                5e-5);
        Differences.check(
                inputs.name("dkv"),
                dkv,
                kv,
                x -> Differences.dot(up, forward(shape, q, x, kr, starts, log)),
                5e-5);
        Differences.check(
                inputs.name("dkr"),
                dkr,
                kr,
                x -> Differences.dot(up, forward(shape, q, kv, x, starts, log)),
                5e-5);
        Sample.frameUntouched("dq", dq);
        Sample.frameUntouched("dkv", dkv);
        Sample.frameUntouched("dkr", dkr);
    }

    @Test
    default void theGradientOfTheSharedKeyIsAdded() {
        Sample sample = sample(27);
        AttentionShape shape = new AttentionShape(3, 8, 6, 10, 0.3f);
        Case inputs = Case.of(sample, shape, 19, 4);
        Tensor out = inputs.output(sample);
        Tensor lse = sample.output(3, 23);
        Tensor dout = sample.matrix(23, 30);
        Tensor dq = sample.output(23, 42);
        Tensor dkv = sample.output(23, 54);
        Tensor dkr = sample.output(23, 6);
        dkr.clear();
        backward(kernels(), inputs, dout, out, lse, dq, dkv, dkr);
        Tensor old = sample.matrix(23, 6);
        Tensor sum = sample.copy(old);
        backward(kernels(), inputs, dout, out, lse, dq, dkv, sum);
        double[] expected = Sample.doubles(old);
        for (int i = 0; i < expected.length; i++) {
            expected[i] += dkr.toFloats()[i];
        }
        Close.within("dkr +=", sum, expected, 1e-5);
    }

    @Test
    default void attentionHasTheSameBitsOnAnyTeam() {
        for (AttentionShape shape : SHAPES) {
            Sample sample = sample(28);
            Case inputs = Case.of(sample, shape, 70, 1, 64, 33);
            Tensor dout = sample.matrix(inputs.t(), (long) shape.heads() * shape.value());
            Tensor dkrOld = sample.matrix(inputs.t(), shape.rope());
            sameBitsOnAnyTeam(
                    inputs.name("attention"), kernels -> all(kernels, inputs, dout, dkrOld));
        }
    }

    @Test
    default void aSequenceHasTheSameBitsInAnyCompany() {
        Sample sample = sample(29);
        AttentionShape shape = new AttentionShape(2, 16, 8, 12, 0.2f);
        Case batch = Case.of(sample, shape, 13, 70, 5);
        Tensor dout = sample.matrix(88, 24);
        Tensor zero = sample.output(88, 8);
        zero.clear();
        Case alone =
                new Case(
                        shape,
                        batch.q().range(13, 83),
                        batch.kv().range(13, 83),
                        batch.kr().range(13, 83),
                        sample.starts(70),
                        70);
        Tensor[] together = results(kernels(), batch, dout, zero);
        Tensor[] apart = results(kernels(), alone, dout.range(13, 83), zero.range(0, 70));
        String[] names = {"out", "dq", "dkv", "dkr"};
        for (int i = 0; i < names.length; i++) {
            Close.sameBits(names[i], together[i].range(13, 83), apart[i]);
        }
        Close.sameBits("lse", together[4].columns(13, 83), apart[4]);
    }

    private float[] all(Kernels kernels, Case inputs, Tensor dout, Tensor dkr) {
        return ContractSupport.join(results(kernels, inputs, dout, dkr));
    }

    private Tensor[] results(Kernels kernels, Case inputs, Tensor dout, Tensor dkrOld) {
        Sample sample = sample(30);
        AttentionShape shape = inputs.shape();
        Tensor out = inputs.output(sample);
        Tensor lse = sample.output(shape.heads(), inputs.t());
        Tensor dq = sample.output(inputs.t(), (long) shape.heads() * shape.queryKey());
        Tensor dkv = sample.output(inputs.t(), (long) shape.heads() * shape.keyValue());
        Tensor dkr = sample.copy(dkrOld);
        backward(kernels, inputs, dout, out, lse, dq, dkv, dkr);
        return new Tensor[] {out, dq, dkv, dkr, lse};
    }

    private static void backward(
            Kernels kernels,
            Case inputs,
            Tensor dout,
            Tensor out,
            Tensor lse,
            Tensor dq,
            Tensor dkv,
            Tensor dkr) {
        AttentionShape shape = inputs.shape();
        Tensor q = inputs.q();
        Tensor kv = inputs.kv();
        Tensor kr = inputs.kr();
        Tensor sequences = inputs.sequences();
        kernels.attention(shape, q, kv, kr, sequences, out, lse);
        kernels.attentionBackward(shape, dout, q, kv, kr, sequences, out, lse, dq, dkv, dkr);
    }

    /// The formula in double; `lse` [H, T] is overwritten.
    private static double[] forward(
            AttentionShape shape,
            double[] q,
            double[] kv,
            double[] kr,
            int[] starts,
            double[] lse) {
        int t = starts[starts.length - 1];
        int heads = shape.heads();
        double[] out = new double[t * heads * shape.value()];
        for (int s = 0; s + 1 < starts.length; s++) {
            for (int i = starts[s]; i < starts[s + 1]; i++) {
                for (int h = 0; h < heads; h++) {
                    lse[h * t + i] = row(shape, q, kv, kr, starts[s], i, h, out);
                }
            }
        }
        return out;
    }

    private static double row(
            AttentionShape shape,
            double[] q,
            double[] kv,
            double[] kr,
            int first,
            int i,
            int h,
            double[] out) {
        int heads = shape.heads();
        int query = (i * heads + h) * shape.queryKey();
        double[] p = new double[i - first + 1];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = first; j <= i; j++) {
            double score = 0;
            int key = (j * heads + h) * shape.keyValue();
            for (int d = 0; d < shape.nope(); d++) {
                score += q[query + d] * kv[key + d];
            }
            for (int d = 0; d < shape.rope(); d++) {
                score += q[query + shape.nope() + d] * kr[j * shape.rope() + d];
            }
            p[j - first] = shape.scale() * score;
            max = Math.max(max, p[j - first]);
        }
        double sum = 0;
        for (int j = 0; j < p.length; j++) {
            p[j] = Math.exp(p[j] - max);
            sum += p[j];
        }
        for (int j = first; j <= i; j++) {
            int value = (j * heads + h) * shape.keyValue() + shape.nope();
            for (int d = 0; d < shape.value(); d++) {
                out[(i * heads + h) * shape.value() + d] += p[j - first] / sum * kv[value + d];
            }
        }
        return max + Math.log(sum);
    }
}
