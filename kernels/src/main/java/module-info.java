/// Kernels on the Vector API.
module dev.minke.kernels {
    requires dev.minke.tensor;
    requires jdk.incubator.vector;
    requires static org.jspecify;

    provides dev.minke.tensor.spi.KernelBackend with
            dev.minke.kernels.VectorBackend;
}
