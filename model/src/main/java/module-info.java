/// The model family: tape, layers, blocks, configuration, files, text, chat templates, hub.
module dev.minke.model {
    requires transitive dev.minke.tensor;
    requires org.jspecify;
    requires java.net.http;
    requires tools.jackson.databind;

    exports dev.minke.model.autograd;
    exports dev.minke.model.checkpoint;
    exports dev.minke.model.checkpoint.gguf;
    exports dev.minke.model.config;
    exports dev.minke.model.deepseek;
    exports dev.minke.model.files;
    exports dev.minke.model.hub;
    exports dev.minke.model.nn;
    exports dev.minke.model.plan;
    exports dev.minke.model.template;
    exports dev.minke.model.text;
}
