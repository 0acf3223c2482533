/// Training: data, optimiser, schedules, snapshots.
module dev.minke.train {
    requires transitive dev.minke.infer;
    requires org.jspecify;
    requires tools.jackson.databind;

    exports dev.minke.train;
    exports dev.minke.train.arith;

    opens dev.minke.train to
            tools.jackson.databind;
}
