/// Text from a model: latent cache, absorbed attention, sampling.
module dev.minke.infer {
    requires transitive dev.minke.model;
    requires org.jspecify;

    exports dev.minke.infer;
}
