// CONNECT (MQTT 5.0, section 3.1; MQTT 3.1.1, section 3.1; MQTT 3.1, section 3.1).
// Each Property of MQTT 5.0 by itself is property_contexts.ts's.

import { bytesOf, connect, type PacketVector, will } from "./vector.ts";
import { hex } from "./hex.ts";

const MQTT_3_1: PacketVector[] = [
  {
    name: "the smallest CONNECT of MQTT 3.1 names MQIsdp",
    version: 3,
    hex: "10 0f 0006 'MQIsdp' 03 02 000a 0001 'c'",
    packet: connect({ version: 3, keepAlive: 10 }),
  },
  {
    name: "a CONNECT of MQTT 3.1 with everything it can hold",
    version: 3,
    hex: "10 [ ('MQIsdp') 03 f6 003c ('id') ('w/t') ('gone') ('user') ('pass') ]",
    packet: connect({
      version: 3,
      keepAlive: 60,
      clientId: "id",
      will: will({ topicName: "w/t", payload: bytesOf("gone"), qos: 2, retain: true }),
      userName: "user",
      password: bytesOf("pass"),
    }),
  },
  {
    name: "a CONNECT of MQTT 3.1 may set unused bits",
    version: 3,
    hex: "1d [ ('MQIsdp') 03 03 0000 ('c') ]",
    encodedAs: "10 [ ('MQIsdp') 03 02 0000 ('c') ]",
    packet: connect({ version: 3 }),
  },
  {
    name: "a CONNECT of MQTT 3.1 may set a Will QoS without a will",
    version: 3,
    hex: "10 [ ('MQIsdp') 03 2a 0000 ('c') ]",
    encodedAs: "10 [ ('MQIsdp') 03 02 0000 ('c') ]",
    packet: connect({ version: 3 }),
  },
  {
    name: "a CONNECT of MQTT 3.1 may leave out the User Name that its flag announces",
    version: 3,
    hex: "10 [ ('MQIsdp') 03 c2 0000 ('c') ]",
    encodedAs: "10 [ ('MQIsdp') 03 02 0000 ('c') ]",
    packet: connect({ version: 3 }),
  },
  {
    name: "a CONNECT of MQTT 3.1 may leave out the Password that its flag announces",
    version: 3,
    hex: "10 [ ('MQIsdp') 03 c2 0000 ('c') ('user') ]",
    encodedAs: "10 [ ('MQIsdp') 03 82 0000 ('c') ('user') ]",
    packet: connect({ version: 3, userName: "user" }),
  },
  {
    name: "a bridge of MQTT 3.1 sets the top bit of the Protocol Version",
    version: 3,
    hex: "10 [ ('MQIsdp') 83 02 0000 ('c') ]",
    packet: connect({ version: 3, isBridge: true }),
  },
];

const MQTT_3_1_1: PacketVector[] = [
  {
    name: "the smallest CONNECT of MQTT 3.1.1 has an empty Client Identifier",
    version: 4,
    hex: "10 0c 0004 'MQTT' 04 02 0000 0000",
    packet: connect({ version: 4, clientId: "" }),
  },
  {
    name: "a CONNECT of MQTT 3.1.1 without Clean Session",
    version: 4,
    hex: "10 0e 0004 'MQTT' 04 00 ffff 0002 'id'",
    packet: connect({ version: 4, cleanStart: false, keepAlive: 65535, clientId: "id" }),
  },
  {
    name: "a CONNECT of MQTT 3.1.1 with everything it can hold",
    version: 4,
    hex: "10 [ ('MQTT') 04 ee 003c ('id') ('w/t') ('gone') ('user') (00ff) ]",
    packet: connect({
      version: 4,
      keepAlive: 60,
      clientId: "id",
      will: will({ topicName: "w/t", payload: bytesOf("gone"), qos: 1, retain: true }),
      userName: "user",
      password: hex("00ff"),
    }),
  },
  {
    name: "a CONNECT of MQTT 3.1.1 with an empty Will Message, User Name and Password",
    version: 4,
    hex: "10 [ ('MQTT') 04 c6 0000 ('c') ('w') () () () ]",
    packet: connect({ version: 4, will: will({}), userName: "", password: hex("") }),
  },
  {
    name: "a CONNECT of MQTT 3.1.1 with a User Name and no Password",
    version: 4,
    hex: "10 [ ('MQTT') 04 82 0000 ('c') ('user') ]",
    packet: connect({ version: 4, userName: "user" }),
  },
  {
    name: "a bridge of MQTT 3.1.1 sets the top bit of the Protocol Version",
    version: 4,
    hex: "10 [ ('MQTT') 84 02 0000 ('c') ]",
    packet: connect({ version: 4, isBridge: true }),
  },
];

const MQTT_5: PacketVector[] = [
  {
    name: "the smallest CONNECT of MQTT 5.0",
    version: 5,
    hex: "10 0d 0004 'MQTT' 05 02 0000 00 0000",
    packet: connect({ clientId: "" }),
  },
  {
    name: "a CONNECT of MQTT 5.0 with a Password and no User Name",
    version: 5,
    hex: "10 [ ('MQTT') 05 42 0000 [] ('c') ('token') ]",
    packet: connect({ password: bytesOf("token") }),
  },
  {
    name: "a CONNECT of MQTT 5.0 with every Property",
    version: 5,
    hex: `10 [ ('MQTT') 05 02 003c
      [ 11 ffffffff 21 0014 27 001e8480 22 000a 19 01 17 00 26 ('k') ('v') 26 ('k') ('w')
        15 ('SCRAM') 16 (00ff) ]
      ('id') ]`,
    packet: connect({
      keepAlive: 60,
      clientId: "id",
      properties: {
        sessionExpiryInterval: 0xffffffff,
        receiveMaximum: 20,
        maximumPacketSize: 2_000_000,
        topicAliasMaximum: 10,
        requestResponseInformation: 1,
        requestProblemInformation: 0,
        userProperties: [["k", "v"], ["k", "w"]],
        authenticationMethod: "SCRAM",
        authenticationData: hex("00ff"),
      },
    }),
  },
  {
    name: "a CONNECT of MQTT 5.0 may put other Properties between two User Properties",
    version: 5,
    hex: "10 [ ('MQTT') 05 02 0000 [ 26 ('a') ('1') 22 000a 26 ('b') ('2') ] ('c') ]",
    encodedAs: "10 [ ('MQTT') 05 02 0000 [ 26 ('a') ('1') 26 ('b') ('2') 22 000a ] ('c') ]",
    packet: connect({
      properties: { userProperties: [["a", "1"], ["b", "2"]], topicAliasMaximum: 10 },
    }),
  },
  {
    name: "a CONNECT of MQTT 5.0 with a will that has every Property",
    version: 5,
    hex: `10 [ ('MQTT') 05 36 0000 [] ('c')
      [ 18 0000000a 02 0000003c 01 01 03 ('text') 08 ('r/t') 09 (00ff) 26 ('k') ('v') ]
      ('w/t') ('gone') ]`,
    packet: connect({
      will: will({
        topicName: "w/t",
        payload: bytesOf("gone"),
        qos: 2,
        retain: true,
        willDelayInterval: 10,
        messageExpiryInterval: 60,
        forwardedProperties: hex("01 01 03 ('text') 08 ('r/t') 09 (00ff) 26 ('k') ('v')"),
      }),
    }),
  },
  {
    name: "a will keeps the order of the Properties that travel on, whatever stands between them",
    version: 5,
    hex: `10 [ ('MQTT') 05 06 0000 [] ('c')
      [ 26 ('k') ('v') 02 0000003c 03 ('text') 18 0000000a 01 01 ] ('w') () ]`,
    encodedAs: `10 [ ('MQTT') 05 06 0000 [] ('c')
      [ 18 0000000a 02 0000003c 26 ('k') ('v') 03 ('text') 01 01 ] ('w') () ]`,
    packet: connect({
      will: will({
        willDelayInterval: 10,
        messageExpiryInterval: 60,
        forwardedProperties: hex("26 ('k') ('v') 03 ('text') 01 01"),
      }),
    }),
  },
  {
    name: "a Will Delay Interval of 0 may be said or not",
    version: 5,
    hex: "10 [ ('MQTT') 05 06 0000 [] ('c') [ 18 00000000 ] ('w') () ]",
    encodedAs: "10 [ ('MQTT') 05 06 0000 [] ('c') [] ('w') () ]",
    packet: connect({ will: will({}) }),
  },
  {
    name: "a CONNECT of MQTT 5.0 with everything behind the will",
    version: 5,
    hex: "10 [ ('MQTT') 05 cc 0001 [ 21 ffff ] ('c') [] ('w') ('p') ('user') ('pass') ]",
    packet: connect({
      cleanStart: false,
      keepAlive: 1,
      properties: { receiveMaximum: 65535 },
      will: will({ payload: bytesOf("p"), qos: 1 }),
      userName: "user",
      password: bytesOf("pass"),
    }),
  },
];

export const CONNECT_VECTORS: readonly PacketVector[] = [...MQTT_3_1, ...MQTT_3_1_1, ...MQTT_5];
