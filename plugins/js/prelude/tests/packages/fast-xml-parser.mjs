import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";

const xml = '<?xml version="1.0"?><root a="1"><item id="x">one &amp; two</item><item>3.5</item><empty/><![CDATA[raw <b>]]><!-- c --></root>';
const options = { ignoreAttributes: false, attributeNamePrefix: "@_", commentPropName: "#comment" };
const object = new XMLParser(options).parse(xml);
console.log(JSON.stringify(object), new XMLBuilder({ ...options, format: true }).build(object));
console.log(XMLValidator.validate(xml), XMLValidator.validate("<a><b></a>"), new XMLParser().parse("<n>007</n>"));
