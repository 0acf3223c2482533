package dev.minke.cli;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// This machine and this Java, as far as they decide how fast Minke is.
///
/// @param version Java's version
/// @param vm name of the virtual machine
/// @param jit `C2`, `C1` or `interpreter`; otherwise what the machine calls its compiler
/// @param collector garbage collector, for example `Copy`
/// @param vectorModule whether jdk.incubator.vector is loaded
/// @param cpu model of the processor
/// @param processors processors that this process may use
/// @param hostProcessors processors of the host
/// @param heap most bytes that the heap may take
/// @param memory bytes of memory that this process may use
/// @param hostMemory bytes of memory of the host
/// @param availableMemory bytes of memory not in use
/// @param load processes that want to run, mean of a minute; negative if unknown
record Machine(
        Runtime.Version version,
        String vm,
        String jit,
        String collector,
        boolean vectorModule,
        String cpu,
        int processors,
        int hostProcessors,
        long heap,
        long memory,
        long hostMemory,
        long availableMemory,
        double load) {

    /// Look at this machine.
    static Machine inspect() {
        var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        List<String> cpuinfo = lines("/proc/cpuinfo");
        List<String> meminfo = lines("/proc/meminfo");
        int processors = Runtime.getRuntime().availableProcessors();
        int listed = (int) cpuinfo.stream().filter(s -> s.startsWith("processor\t")).count();
        return new Machine(
                Runtime.version(),
                System.getProperty("java.vm.name"),
                findJit(),
                ManagementFactory.getGarbageCollectorMXBeans().getFirst().getName(),
                ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
                cpuinfo.stream()
                        .filter(s -> s.startsWith("model name"))
                        .map(s -> s.substring(s.indexOf(':') + 1).strip())
                        .findFirst()
                        .orElse(System.getProperty("os.arch")),
                processors,
                Math.max(processors, listed),
                Runtime.getRuntime().maxMemory(),
                system.getTotalMemorySize(),
                kibibytes(meminfo, "MemTotal:", system.getTotalMemorySize()),
                kibibytes(meminfo, "MemAvailable:", system.getFreeMemorySize()),
                system.getSystemLoadAverage());
    }

    /// One line for reports: processor, cores, memory, Java.
    String describe() {
        return "%s, %d cores, %s, Java %s".formatted(cpu, processors, gibibytes(memory), version);
    }

    /// Bytes in GiB with one decimal.
    static String gibibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
    }

    private static String findJit() {
        if (System.getProperty("java.vm.info", "").startsWith("interpreted")) {
            return "interpreter";
        }
        var compiler = ManagementFactory.getCompilationMXBean();
        if (compiler == null) {
            return "interpreter";
        }
        try {
            var hotspot = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            boolean tiered = Boolean.parseBoolean(value(hotspot, "TieredCompilation"));
            int highest = Integer.parseInt(value(hotspot, "TieredStopAtLevel"));
            return tiered && highest < 4 ? "C1" : "C2";
        } catch (IllegalArgumentException e) { // not HotSpot, which has both flags
            return compiler.getName();
        }
    }

    private static String value(HotSpotDiagnosticMXBean hotspot, String flag) {
        return hotspot.getVMOption(flag).getValue();
    }

    private static List<String> lines(String file) {
        try {
            return Files.readAllLines(Path.of(file));
        } catch (IOException e) {
            return List.of(); // only Linux has it
        }
    }

    private static long kibibytes(List<String> meminfo, String key, long otherwise) {
        return meminfo.stream()
                .filter(s -> s.startsWith(key))
                .map(s -> s.replaceAll("\\D", ""))
                .mapToLong(s -> Long.parseLong(s) << 10)
                .findFirst()
                .orElse(otherwise);
    }
}
