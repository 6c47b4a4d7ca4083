// The Maven client: follows one room over each transport, and does what messages say.
import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Socket;
import java.lang.reflect.Field;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.json.JSONObject;

public class Client {
  static final Map<String, String> environment = System.getenv();
  static final String room = environment.get("KHUI_ROOM");
  static final CountDownLatch left = new CountDownLatch(3);

  final String name;
  final Socket socket;
  long last = 0;

  Client(String name, String... transports) throws Exception {
    this.name = name;
    IO.Options options = new IO.Options();
    options.forceNew = true;
    options.reconnectionDelay = 100;
    options.reconnectionDelayMax = 500;
    if (transports.length > 0) options.transports = transports;
    socket = IO.socket(URI.create(environment.get("KHUI_URL")), options);
    socket.on(Socket.EVENT_CONNECT, none -> enter());
    socket.on("new_message", args -> take((JSONObject) args[0]));
    socket.connect();
  }

  void enter() {
    ask("authenticate", new JSONObject(Map.of("token", environment.get("KHUI_TOKEN"))), signedIn ->
      ask("join_chat", new JSONObject(Map.of("chatRoomId", room, "lastSeq", last)), answer -> {
        JSONObject data = answer.optJSONObject("data");
        say("joined", "success", answer.opt("success"), "seq", data == null ? null : data.opt("seq"));
      }));
  }

  void take(JSONObject event) {
    last = event.optLong("seq");
    String content = event.optJSONObject("message").optString("content");
    say("message", "seq", last, "content", content);
    if (content.equals("send text")) send("from " + name);
    if (content.equals("send bytes")) send(new byte[] {0, (byte) 255});
    if (content.equals("say transport")) say("transport", "name", transport());
    if (content.equals("leave")) {
      socket.disconnect();
      left.countDown();
    }
  }

  void send(Object content) {
    ask("send_message", new JSONObject(Map.of("chatRoomId", room, "content", content)), answer ->
      say("acknowledged", "success", answer.opt("success"), "code", answer.opt("code")));
  }

  interface Answered {
    void take(JSONObject answer);
  }

  void ask(String event, JSONObject payload, Answered answered) {
    socket.emit(event, new Object[] {payload}, (Ack) args -> answered.take((JSONObject) args[0]));
  }

  /** The client does not say it. */
  String transport() {
    try {
      Object engine = read(socket.io(), "engine");
      return (String) read(read(engine, "transport"), "name");
    } catch (ReflectiveOperationException error) {
      return error.toString();
    }
  }

  static Object read(Object object, String field) throws ReflectiveOperationException {
    for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
      for (Field one : type.getDeclaredFields()) {
        if (!one.getName().equals(field)) continue;
        one.setAccessible(true);
        return one.get(object);
      }
    }
    throw new NoSuchFieldException(field);
  }

  void say(String event, Object... fields) {
    try {
      JSONObject line = new JSONObject();
      line.put("client", name).put("event", event);
      for (int i = 0; i < fields.length; i += 2) line.put((String) fields[i], fields[i + 1]);
      synchronized (System.out) {
        System.out.println(line);
      }
    } catch (org.json.JSONException error) {
      throw new IllegalStateException(error);
    }
  }

  public static void main(String[] args) throws Exception {
    new Client("polling", "polling");
    new Client("websocket", "websocket");
    new Client("default");
    left.await();
    // The threads of its HTTP client stay for minutes.
    Runtime.getRuntime().halt(0);
  }
}
