/// Training: data, optimiser, schedules, snapshots.
module dev.minke.train {
    requires transitive dev.minke.infer;
    requires org.jspecify;
}
