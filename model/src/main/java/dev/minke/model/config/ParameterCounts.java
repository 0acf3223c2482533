package dev.minke.model.config;

import static java.lang.Math.addExact;
import static java.lang.Math.multiplyExact;

/// The identities between sizes, parameters and operations; every sum is exact or throws.
///
///     attn  = d rq + rq + rq H (dn + dr) + d (rk + dr) + rk + rk H (dn + dv) + H dv d
///           = 2 d H dh + 2 d G dh + [(H + 2 G) dh]                           (grouped-query)
///     dense = 3 d Fd,  moe = E d + [E] + (E + Es) 3 d Fm,  norms = 2 d
///     total = 2 V d + d + L (attn + norms) + Ld dense + (L - Ld) moe       (V d where tied)
///     mtp   = attn + norms + ffn + 2 d d + 3 d
record ParameterCounts(
        long vocabSize,
        long hiddenSize,
        long intermediateSize,
        int numHiddenLayers,
        int numNextnPredictLayers,
        boolean tieWordEmbeddings,
        AttentionConfig attention,
        MoeConfig moe) {

    long total() {
        long experts = moe.nRoutedExperts();
        long bias = moe.topkMethod().hasCorrectionBias() ? experts : 0;
        long sum = addExact(shared(), trunk(addExact(expertMatrices(experts), bias)));
        // the modules are part of the check that nothing overflows, not of the total
        addExact(sum, mtp());
        return sum;
    }

    long active() {
        return addExact(shared(), trunk(expertMatrices(moe.numExpertsPerTok())));
    }

    long mtp() {
        long experts = moe.nRoutedExperts();
        long bias = moe.topkMethod().hasCorrectionBias() ? experts : 0;
        long feedForward =
                moe.hasExperts() ? addExact(expertMatrices(experts), bias) : denseMatrices();
        long module = addExact(addExact(attentionMatrices(), layerVectors()), feedForward);
        module = addExact(module, 2 * hiddenSize * hiddenSize + 3 * hiddenSize);
        return multiplyExact(module, numNextnPredictLayers);
    }

    long forwardFlops(long sequenceLength) {
        long layers = multiplyExact(attentionMatrices(), (long) numHiddenLayers);
        long dense = multiplyExact(denseMatrices(), (long) denseLayers());
        long routed =
                multiplyExact(
                        expertMatrices(moe.numExpertsPerTok()),
                        (long) (numHiddenLayers - denseLayers()));
        long matrices = addExact(addExact(layers, dense), addExact(routed, head()));
        long scores = multiplyExact(attentionFlops(sequenceLength), (long) numHiddenLayers);
        return addExact(multiplyExact(matrices, 2), scores);
    }

    long mtpFlops(long sequenceLength) {
        long feedForward =
                moe.hasExperts() ? expertMatrices(moe.numExpertsPerTok()) : denseMatrices();
        long matrices = addExact(attentionMatrices(), feedForward);
        matrices = addExact(matrices, 2 * hiddenSize * hiddenSize + head());
        long module = addExact(multiplyExact(matrices, 2), attentionFlops(sequenceLength));
        return multiplyExact(module, numNextnPredictLayers);
    }

    private long attentionFlops(long sequenceLength) {
        Checks.range("sequenceLength", sequenceLength, 1, Integer.MAX_VALUE);
        long perKey =
                attention.numAttentionHeads()
                        * ((long) attention.qkHeadDim() + attention.vHeadDim());
        return multiplyExact(perKey, sequenceLength + 1);
    }

    private long shared() {
        return addExact(multiplyExact(head(), tieWordEmbeddings ? 1 : 2), hiddenSize);
    }

    private long head() {
        return vocabSize * hiddenSize;
    }

    private long trunk(long moeLayer) {
        long layer = addExact(attentionMatrices(), layerVectors());
        long sum = multiplyExact(layer, (long) numHiddenLayers);
        sum = addExact(sum, multiplyExact(denseMatrices(), (long) denseLayers()));
        return addExact(sum, multiplyExact(moeLayer, (long) (numHiddenLayers - denseLayers())));
    }

    private int denseLayers() {
        return moe.hasExperts() ? moe.firstKDenseReplace() : numHiddenLayers;
    }

    private long denseMatrices() {
        return 3 * hiddenSize * intermediateSize;
    }

    /// Router and `routed` experts with the shared ones.
    private long expertMatrices(long routed) {
        long one = 3L * hiddenSize * moe.moeIntermediateSize();
        long router = moe.nRoutedExperts() * hiddenSize;
        return addExact(router, multiplyExact(one, routed + moe.nSharedExperts()));
    }

    private long attentionMatrices() {
        return attention.matrixElements(hiddenSize);
    }

    /// Two norms of the layer, and what attention has of norms and biases.
    private long layerVectors() {
        return 2 * hiddenSize + attention.vectorElements();
    }
}
