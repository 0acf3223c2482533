/// The model family: tape, layers, blocks, configuration, checkpoints, text.
module dev.minke.model {
    requires transitive dev.minke.tensor;
    requires org.jspecify;
    requires tools.jackson.databind;
}
