package dev.minke.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// The `minke` command.
///
/// Exit code 0 means done, 1 refused or failed (one line says why), 2 wrong usage.
@Command(
        name = "minke",
        description = "DeepSeek-V3 for the JVM: train, open and run the model family.",
        synopsisSubcommandLabel = "COMMAND",
        versionProvider = Main.Version.class,
        mixinStandardHelpOptions = true)
public final class Main {
    private static final String LOG_FORMAT = "java.util.logging.SimpleFormatter.format";

    private Main() {}

    /// Every subcommand, in the order of `minke --help`.
    private static List<Callable<Integer>> commands(Console console) {
        return List.of(
                new Demo(console),
                new Train(console),
                new Generate(console),
                new Eval(console),
                new Logits(console),
                new Tokenize(console),
                new Template(console),
                new Pull(console),
                new ModelList(console),
                new Plan(console),
                new Init(console),
                new Inspect(console),
                new Convert(console),
                new Quantize(console),
                new Bench(console),
                new Doctor(console));
    }

    /// Run the command and end the process with its exit code.
    public static void main(String[] args) {
        if (System.getProperty(LOG_FORMAT) == null) {
            System.setProperty(LOG_FORMAT, "minke: %5$s%n"); // one line per log record
        }
        System.exit(run(Console.system(), args));
    }

    /// Run the command on `console` and return its exit code.
    static int run(Console console, String... args) {
        try {
            int exit = commandLine(console).execute(args);
            if (!console.flush()) {
                console.error("could not write all of standard output");
                return 1;
            }
            return exit;
        } catch (Throwable e) { // errors, such as too little memory, which picocli lets through
            return fail(console, e);
        }
    }

    static CommandLine commandLine(Console console) {
        var minke = new CommandLine(new Main());
        for (Callable<Integer> command : commands(console)) {
            minke.addSubcommand(command);
        }
        return minke.setOut(console.outWriter())
                .setErr(console.errWriter())
                .setUsageHelpWidth(100)
                .setExpandAtFiles(false) // options that take @FILE read it themselves
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((e, _) -> wrongUsage(console, e))
                .setExecutionExceptionHandler((e, _, _) -> fail(console, e));
    }

    private static int wrongUsage(Console console, ParameterException e) {
        String name = e.getCommandLine().getCommandSpec().qualifiedName();
        String help = name + " --help";
        if (e instanceof UnmatchedArgumentException unmatched) {
            for (String suggestion : unmatched.getSuggestions()) {
                help = name + " " + suggestion + ", " + help;
            }
        }
        console.error(Failures.line(e.getMessage()) + " (try " + help + ")");
        return 2;
    }

    private static int fail(Console console, Throwable e) {
        console.error(Failures.describe(e));
        if ("1".equals(System.getenv("MINKE_DEBUG"))) {
            e.printStackTrace(console.errWriter());
        }
        return 1;
    }

    /// The project's version, written into a resource by the build.
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            var properties = new Properties();
            try (var in = Main.class.getResourceAsStream("version.properties")) {
                if (in != null) {
                    properties.load(in);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return new String[] {
                "minke " + properties.getProperty("version", "(unknown version)"),
                "Java " + Runtime.version()
            };
        }
    }
}
