package dev.minke.tensor;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// An arena for gigabytes of weights: memory in huge pages that is cleared when it is first used.
///
/// [Arena#ofShared()] clears what it hands out at once, on the calling thread, in pages of 4 KB:
/// each costs a fault, which takes several times as long as filling it. Here memory comes from the
/// kernel in slabs of huge pages, whose faults are few and fall to the threads that write first.
/// Later reads walk fewer page tables, and the processor fetches ahead across 4 KB.
///
/// This takes Linux with transparent huge pages (`always` or `madvise`) and native access
/// (`--enable-native-access`). Without them it is [Arena#ofShared()]; [#describe()] says why.
/// Allocations may come from any thread; [#close()] frees all of them. The first one of a process
/// takes about 50 ms to link three functions, which another thread can do meanwhile.
public final class WeightMemory implements Arena {
    /// Bytes of a huge page.
    private static final long HUGE = 2L << 20;

    /// Least bytes of a slab. What is never written takes no memory.
    private static final long SLAB = 256L << 20;

    private static final long MOST = Long.MAX_VALUE / 4;

    private final Arena arena = Arena.ofShared();
    private final Optional<Pages> pages;
    private final String description;
    private MemorySegment slab = MemorySegment.NULL;
    private long top;

    /// Start without memory.
    public WeightMemory() {
        this(Pages.obstacle());
    }

    /// @param obstacle why there are no huge pages, or empty if there are
    WeightMemory(String obstacle) {
        Optional<Pages> found = Optional.empty();
        String reason = obstacle;
        if (obstacle.isEmpty()) {
            try {
                found = Optional.of(Pages.open());
            } catch (Throwable e) { // a missing function or linker must not stop the program
                reason = e.toString();
            }
        }
        pages = found;
        description = found.isPresent() ? "huge pages" : "plain memory: " + reason;
    }

    /// One line for logs: huge pages, or plain memory and why.
    public String describe() {
        return description;
    }

    /// Zeroed memory that lives until [#close()].
    @Override
    public synchronized MemorySegment allocate(long bytes, long alignment) {
        boolean plain = pages.isEmpty() || !arena.scope().isAlive();
        if (plain || alignment > HUGE || bytes < 0 || bytes > MOST) {
            return arena.allocate(bytes, alignment);
        }
        long place = roundUp(top, alignment);
        if (place + Math.max(bytes, 1) > slab.byteSize()) {
            long size = roundUp(Math.max(bytes, SLAB), HUGE);
            Optional<MemorySegment> next = pages.get().map(size, arena);
            if (next.isEmpty()) {
                return arena.allocate(bytes, alignment);
            }
            if (bytes > SLAB / 2) {
                return next.get().asSlice(0, bytes); // the rest of the old slab is still of use
            }
            slab = next.get();
            place = 0;
        }
        top = place + bytes;
        return slab.asSlice(place, bytes);
    }

    @Override
    public MemorySegment.Scope scope() {
        return arena.scope();
    }

    /// Free everything that was allocated.
    @Override
    public void close() {
        arena.close();
    }

    private static long roundUp(long size, long step) {
        return (size + step - 1) & -step;
    }

    /// The three calls of the C library.
    private record Pages(MethodHandle mmap, MethodHandle munmap, MethodHandle madvise) {
        private static final Path SETTING = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

        /// Constants of Linux.
        private static final int READ_WRITE = 0x1 | 0x2;

        private static final int PRIVATE_ANONYMOUS = 0x02 | 0x20;
        private static final int MADV_HUGEPAGE = 14;

        /// Why there are no huge pages, or empty.
        static String obstacle() {
            if (!Pages.class.getModule().isNativeAccessEnabled()) {
                return "native access is not enabled (--enable-native-access)";
            }
            try {
                String setting = Files.readString(SETTING);
                return setting.contains("[never]") ? SETTING + " is never" : "";
            } catch (IOException e) {
                return "no " + SETTING;
            }
        }

        @SuppressWarnings("restricted") // checked by `obstacle`
        static Pages open() {
            Linker linker = Linker.nativeLinker();
            SymbolLookup library = linker.defaultLookup();
            ValueLayout.OfLong size = ValueLayout.JAVA_LONG;
            ValueLayout.OfInt flags = ValueLayout.JAVA_INT;
            var place = ValueLayout.ADDRESS;
            return new Pages(
                    linker.downcallHandle(
                            library.findOrThrow("mmap"),
                            FunctionDescriptor.of(place, place, size, flags, flags, flags, size)),
                    linker.downcallHandle(
                            library.findOrThrow("munmap"),
                            FunctionDescriptor.of(flags, place, size)),
                    linker.downcallHandle(
                            library.findOrThrow("madvise"),
                            FunctionDescriptor.of(flags, place, size, flags)));
        }

        /// Fresh memory from a border of huge pages on, freed with `arena`; empty if there is none.
        @SuppressWarnings("restricted")
        Optional<MemorySegment> map(long size, Arena arena) {
            long whole = size + HUGE;
            try {
                MemorySegment found =
                        (MemorySegment)
                                mmap.invokeExact(
                                        MemorySegment.NULL,
                                        whole,
                                        READ_WRITE,
                                        PRIVATE_ANONYMOUS,
                                        -1,
                                        0L);
                if (found.address() == -1) {
                    return Optional.empty();
                }
                MemorySegment all = found.reinterpret(whole, arena, this::unmap);
                MemorySegment memory = all.asSlice(-all.address() & (HUGE - 1), size);
                int failed = (int) madvise.invokeExact(memory, size, MADV_HUGEPAGE);
                if (failed != 0) {
                    warn("madvise refused huge pages");
                }
                return Optional.of(memory);
            } catch (Throwable e) {
                throw new IllegalStateException("mmap: " + e.getMessage(), e);
            }
        }

        /// Find a logger only now: the first one of a process takes 15 ms.
        private static void warn(String what) {
            System.Logger log = System.getLogger(WeightMemory.class.getName());
            log.log(System.Logger.Level.WARNING, what);
        }

        private void unmap(MemorySegment all) {
            try {
                int failed = (int) munmap.invokeExact(all, all.byteSize());
                if (failed != 0) {
                    warn("munmap of " + all + " failed");
                }
            } catch (Throwable e) {
                throw new IllegalStateException("munmap: " + e.getMessage(), e);
            }
        }
    }
}
