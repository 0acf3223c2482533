/// The `minke` command.
module dev.minke.cli {
    requires dev.minke.train;
    requires info.picocli;
    requires java.management;
    requires jdk.management;
    requires org.jspecify;
    requires tools.jackson.databind;

    // picocli fills the fields that stand for options.
    opens dev.minke.cli to
            info.picocli;
}
