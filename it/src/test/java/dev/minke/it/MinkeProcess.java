package dev.minke.it;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The command as users run it: a Java process of its own with the program's jars only.
final class MinkeProcess {
    static final List<String> CLASS_PATH =
            List.of(
                    "--add-modules=jdk.incubator.vector",
                    "-cp",
                    joined(programPath()),
                    "dev.minke.cli.Main");
    static final List<String> MODULE_PATH =
            List.of("-p", joined(programPath()), "-m", "dev.minke.cli/dev.minke.cli.Main");

    private static final String PROGRAM =
            "classes|(minke|jackson|picocli|jspecify)-.*(?<!-tests)\\.jar";
    private static final String INCUBATOR =
            "WARNING: Using incubator modules: jdk.incubator.vector";
    private static final long LIMIT_SECONDS = 120;

    private MinkeProcess() {}

    /// What a process did.
    ///
    /// @param err standard error without the line that Java itself prints about the vector module
    record Result(int exit, String out, String err) {}

    /// Run `minke arguments...` in `folder` with the optimising compiler, for work that takes long.
    static Result work(Path folder, String... arguments) {
        return run(folder, command(List.of(), CLASS_PATH, arguments));
    }

    /// Start `minke arguments...` in `folder` as [#work] does and leave it running.
    static Process start(Path folder, String... arguments) throws IOException {
        return new ProcessBuilder(command(List.of(), CLASS_PATH, arguments))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("started.log").toFile())
                .start();
    }

    /// Run `minke arguments...` in `folder`.
    static Result minke(Path folder, String... arguments) {
        return java(folder, CLASS_PATH, arguments);
    }

    /// Run Java with the options that end in the main class, then the arguments.
    static Result java(Path folder, List<String> options, String... arguments) {
        // starts sooner; nothing here runs for long
        return run(folder, command(List.of("-XX:TieredStopAtLevel=1"), options, arguments));
    }

    private static List<String> command(
            List<String> first, List<String> options, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:+UseSerialGC");
        command.addAll(first);
        command.addAll(options);
        command.addAll(List.of(arguments));
        return command;
    }

    private static Result run(Path folder, List<String> command) {
        try {
            Path out = Files.createTempFile("minke", ".out");
            Path err = Files.createTempFile("minke", ".err");
            try {
                Process process =
                        new ProcessBuilder(command)
                                .directory(folder.toFile())
                                .redirectOutput(out.toFile())
                                .redirectError(err.toFile())
                                .start();
                if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new AssertionError("still running: " + String.join(" ", command));
                }
                return new Result(
                        process.exitValue(),
                        Files.readString(out),
                        Files.readString(err, StandardCharsets.UTF_8)
                                .replace(INCUBATOR + System.lineSeparator(), ""));
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    /// The program's own part of this test's class path.
    static Path[] programPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(p -> p.getFileName().toString().matches(PROGRAM))
                .toArray(Path[]::new);
    }

    private static String joined(Path[] entries) {
        return String.join(File.pathSeparator, Arrays.stream(entries).map(Path::toString).toList());
    }
}
