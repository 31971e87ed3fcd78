import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * One node of a test's cluster in a JVM of its own. Takes the place of the distribution's start script and command
 * line, which Maven Central lacks; the node itself is Elasticsearch's.
 *
 * Argument: the folder with elasticsearch.yml and log4j2.properties.
 */
class TestNode {
    public static void main(String[] arguments) throws Exception {
        // Before anything else of Elasticsearch, whose classes ask for a logger as soon as they are loaded.
        LogConfigurator.registerErrorListener();
        LogConfigurator.configureESLogging();

        Path config = Path.of(arguments[0]).toAbsolutePath();
        Settings settings = Settings.builder().loadFromPath(config.resolve("elasticsearch.yml")).build();
        Environment environment = new Environment(settings, config);
        LogConfigurator.setNodeName(Node.NODE_NAME_SETTING.get(settings));
        LogConfigurator.configure(environment, true);

        boolean stateless = false;
        PluginsLoader plugins = PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(environment.modulesDir(), stateless),
            PluginsLoader.loadPluginsBundles(environment.pluginsDir(), stateless),
            Map.of()
        );
        Node node = new Node(environment, plugins);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(node)));
        node.start();
        endWithParent();
    }

    private static void stop(Node node) {
        try {
            node.prepareForClose();
            node.close();
        } catch (IOException problem) {
            problem.printStackTrace();
        }
    }

    /** Waits for the end of the standard input, which is that of the process that started this one. */
    private static void endWithParent() throws IOException {
        while (System.in.read() >= 0) {}
        Runtime.getRuntime().halt(1);
    }
}
