/// Text from a model: sampling, generation, and the engine with its paged cache.
module dev.minke.infer {
    requires transitive dev.minke.model;
    requires org.jspecify;
    requires tools.jackson.databind;

    exports dev.minke.infer;
    exports dev.minke.infer.constrain;
    exports dev.minke.infer.engine;
}
