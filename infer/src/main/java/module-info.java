/// Generation: cache, samplers, engine.
module dev.minke.infer {
    requires transitive dev.minke.model;
    requires org.jspecify;
}
