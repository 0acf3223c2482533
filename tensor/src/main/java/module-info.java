/// Tensors, the facade of kernels, the scalar reference and the interface for back ends.
module dev.minke.tensor {
    requires org.jspecify;

    exports dev.minke.tensor;
    exports dev.minke.tensor.spi;

    uses dev.minke.tensor.spi.KernelBackend;
}
