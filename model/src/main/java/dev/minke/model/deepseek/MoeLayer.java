package dev.minke.model.deepseek;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.nn.Linear;
import dev.minke.model.nn.Parameters;
import dev.minke.model.nn.SwiGlu;
import dev.minke.model.nn.WeightStack;
import dev.minke.tensor.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// DeepSeekMoE (V3 report 2.1.2): many narrow routed experts, and shared experts for every token.
///
///     y = sum over chosen i of w_i Expert_i(x) + Shared(x)
///
/// x: [T, hidden] -> [T, hidden]. Tokens are sorted by expert, all experts computed in one grouped
/// product each for gate, up and down, and summed back in the order of choice. Nothing is dropped.
public final class MoeLayer {
    private final int layer;
    private final Router router;
    private final WeightStack gate;
    private final WeightStack up;
    private final WeightStack down;
    private final Optional<SwiGlu> shared;

    MoeLayer(Parameters parameters, String prefix, int layer, DeepSeekConfig config) {
        this.layer = layer;
        long d = config.hiddenSize();
        long inner = config.moe().moeIntermediateSize();
        router = new Router(parameters, prefix + "gate.", config);
        int experts = router.rule().experts();
        String each = prefix + "experts.*.";
        gate = parameters.weights(each + "gate_proj.weight", experts, inner, d);
        up = parameters.weights(each + "up_proj.weight", experts, inner, d);
        down = parameters.weights(each + "down_proj.weight", experts, d, inner);
        int sharedExperts = config.moe().nSharedExperts();
        shared =
                sharedExperts == 0
                        ? Optional.empty()
                        : Optional.of(
                                new SwiGlu(
                                        parameters,
                                        prefix + "shared_experts.",
                                        d,
                                        sharedExperts * inner));
    }

    Var forward(Pass pass, Var x) {
        Tape tape = pass.tape();
        Ops.Routing routing = router.forward(tape, x);
        Router.Dispatch plan = Router.Dispatch.plan(tape, routing.index(), router.rule().experts());
        pass.routing().observe(pass, layer, routing, router.rule().topK(), plan.offsets());

        Var inputs = Ops.dispatch(tape, x, plan.tokens(), plan.slots());
        Var inner =
                Ops.swiGlu(
                        tape,
                        gate.forward(tape, inputs, plan.offsets()),
                        up.forward(tape, inputs, plan.offsets()));
        Var outputs = down.forward(tape, inner, plan.offsets());

        Var base = shared.isPresent() ? shared.get().forward(tape, x) : Ops.zerosLike(tape, x);
        return Ops.combineOnto(tape, base, outputs, plan.slots(), routing.weight());
    }

    /// Lay stored experts out.
    void pack(Kernels kernels) {
        gate.pack(kernels);
        up.pack(kernels);
        down.pack(kernels);
    }

    /// The router.
    public Router router() {
        return router;
    }

    List<Linear> linears() {
        List<Linear> all = new ArrayList<>(List.of(router.gate()));
        shared.ifPresent(s -> all.addAll(s.linears()));
        return all;
    }
}
