/// The model family: tape, layers, blocks, configuration, checkpoints, text.
module dev.minke.model {
    requires transitive dev.minke.tensor;
    requires org.jspecify;
    requires tools.jackson.databind;

    exports dev.minke.model.autograd;
    exports dev.minke.model.checkpoint;
    exports dev.minke.model.checkpoint.gguf;
    exports dev.minke.model.config;
    exports dev.minke.model.deepseek;
    exports dev.minke.model.nn;
    exports dev.minke.model.text;
}
