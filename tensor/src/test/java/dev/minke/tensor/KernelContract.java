package dev.minke.tensor;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;

/// What every back end must do: each operation of [Kernels] against plain double computations on
/// awkward sizes and views, each gradient against central differences, the same bits on any number
/// of threads and for a row in any company.
///
/// A back end's test extends this class and says how to open it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class KernelContract
        implements GemmContract,
                GroupedGemmContract,
                PackedContract,
                AttentionContract,
                LatentDecodeContract,
                PagedContract,
                RouterContract,
                RowsContract,
                LayerContract,
                LossContract,
                ElementwiseContract,
                HalfContract,
                BlockContract,
                Fp8Contract {
    private final Team threeThreads = new Team(3);
    private final Team oneThread = new Team(1);
    private Kernels kernels;
    private Kernels single;
    private Arena arena;

    /// Open the back end under test on `team`.
    protected abstract Kernels open(Team team);

    @BeforeAll
    void openBackEnd() {
        kernels = open(threeThreads);
        single = open(oneThread);
    }

    @AfterAll
    void closeTeams() {
        threeThreads.close();
        oneThread.close();
    }

    @BeforeEach
    @SuppressWarnings("MustBeClosed") // by closeArena
    void openArena() {
        arena = Arena.ofShared();
    }

    @AfterEach
    void closeArena() {
        arena.close();
    }

    @Override
    public final Kernels kernels() {
        return kernels;
    }

    @Override
    public final Kernels oneThread() {
        return single;
    }

    @Override
    public final Arena arena() {
        return arena;
    }
}
