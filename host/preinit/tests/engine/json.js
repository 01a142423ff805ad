// JSON as the engine reads and writes it by itself, against the way that a reviver or a replacer makes it take.
let out=[];let n=0;
const slowP=t=>{try{return JSON.parse(t,(k,v)=>v)}catch(e){return 'E:'+e.message}}, fastP=t=>{try{return JSON.parse(t)}catch(e){return 'E:'+e.message}};
const slowS=v=>{try{return JSON.stringify(v,(k,v)=>v)}catch(e){return 'E:'+e.message}}, fastS=v=>{try{return JSON.stringify(v)}catch(e){return 'E:'+e.message}};
const dump=v=>{ if(typeof v==='number') return Object.is(v,-0)?'-0':String(v); if(typeof v==='string') return 's'+[...v].map(c=>c.codePointAt(0).toString(16)).join(); if(v===null||typeof v!=='object') return String(v); return (Array.isArray(v)?'[':'{')+Object.getOwnPropertyNames(v).map(k=>dump(k)+':'+dump(v[k])).join(';')+Object.getPrototypeOf(v)?.constructor?.name };
let seed=12345; const rnd=m=>{seed=(Math.imul(seed,1103515245)+12345)>>>0;return (seed>>>8)%m};
const texts=['','a','"','\\','é','Ã©','日本','\u0000','\n\t','\ud800','\udc00x','😀','/','__proto__','constructor','0','1','01','-1','4294967294','4294967295','length','toString','a"b','longer text that is plain ascii','latin ÿ text that is longer than eight'];
const num=()=>{switch(rnd(9)){case 0:return rnd(100)-50;case 1:return (rnd(1e6)-5e5)/[1,10,100,1000,7,3][rnd(6)];case 2:return -0;case 3:return 1e21*rnd(100);case 4:return rnd(1e6)*1e-9;case 5:return 2**31+rnd(3)-1;case 6:return -(2**31)+rnd(3)-1;case 7:return rnd(1e6)*1e9+rnd(1e6)+rnd(10)/10;default:return [NaN,Infinity,1.005,0.1,0.2,0.1+0.2,1e11,123456789.125,5e-324][rnd(9)]}};
const gen=d=>{switch(rnd(d>4?5:9)){case 0:return num();case 1:case 2:return texts[rnd(texts.length)]+(rnd(3)?'':texts[rnd(texts.length)]);case 3:return [true,false,null][rnd(3)];case 4:return num();case 5:case 6:return Array.from({length:rnd(5)},()=>gen(d+1));default:{const o={};for(let i=rnd(6);i>0;i--)Object.defineProperty(o,texts[rnd(texts.length)]+(rnd(2)?'':'k'),{value:gen(d+1),enumerable:true,writable:true,configurable:true});return o}}};
const check=(k,x,y)=>{n++; if(dump(x)!==dump(y)&&out.length<20)out.push(k+' '+dump(x)+' | '+dump(y))};
for(let i=0;i<1500;i++){const v=gen(0);const s=slowS(v);check('S',fastS(v),s);if(typeof s!=='string'||s.startsWith('E:'))continue;check('P '+s,fastP(s),slowP(s));
 // duplicates, spaces
 const sp=s.replace(/([,:\[{])/g,(m)=>m+[' ','\n','',' \t'][rnd(4)]);check('W',fastP(sp),slowP(sp));
 // mutated
 const at=rnd(s.length+1);const m=s.slice(0,at)+['','"','\\','{','}','[',']',',',':','1','.','e','-','u','\\u12','\\ud83d\\ude00','\u0001','é','t','n','+','0','\u0000',' '][rnd(24)]+s.slice(at+rnd(3));check('M '+m,fastP(m),slowP(m));}
for(const t of ['','{','[','{"a":1,"a":2}','{"a":1,"a":{"a":1,"a":3}}','[{"a":1,"b":2},{"a":1,"b":2,"b":3},{"a":1},{"b":1,"a":2},{"a":1,"b":2,"c":3},{}]','[{"__proto__":1},{"__proto__":{"x":1}}]','1e5','1E-7','-0','0.0','00','.5','5.','"\\u00e9"','[{"\u00c3\u00a9":1},{"\u00e9":2}]','[{"\u00e9":1},{"\u00c3\u00a9":2}]','[{"a\\u0062":1},{"ab":2}]','['.repeat(200)+']'.repeat(200),'{"a":'.repeat(70)+'1'+'}'.repeat(70),'123456789012345','1234567890123456','0.1234567890123456789','1e400','"\ud800"','[1,]','{"a":1,}','[1 2]','{"a" 1}','nul','nulll','true false','\u00a0 1','\f1','\v1','[{"1":2,"0":3},{"1":2,"0":3}]','12345678901','2147483648','-2147483648'])check('T '+t,fastP(t),slowP(t));
const cyc={};cyc.a=cyc;check('c',fastS(cyc),slowS(cyc));
class A{constructor(){this.x=1}get y(){return 2}};const sp=[];sp[3]=1;const ar=[1];ar.x=2;const un={a:undefined,b:()=>1,c:Symbol(),[Symbol()]:2,d:[undefined,()=>1,Symbol()]};const gt={get a(){return 1},b:2};const ne=Object.defineProperty({a:1},'h',{value:1});const del={a:1,b:2,c:3};delete del.b;const tj={toJSON(){return 5}};const nu=Object.assign(Object.create(null),{a:1});const at=[1,2];at.toJSON=()=>'x';
let rope='';for(let i=0;i<5000;i++)rope+='abc"é'+i;
for(const v of [new A,sp,ar,un,gt,ne,del,tj,[tj],nu,at,new Date(0),[new Date(0)],new Map,[Object(1),Object('a'),Object(false)],new Proxy({a:1},{}),[new Proxy([1],{})],Object.create({a:1}),rope,{rope},{[rope]:rope},undefined,()=>1,[[[]]],{a:{}},1n,[1n],{a:'日本',b:'é',c:'plain'},['é'.repeat(50),'x'],Object.freeze({a:1}),JSON.rawJSON&&[JSON.rawJSON('1e3')],new Uint8Array(3),arguments0()])check('V',fastS(v),slowS(v));
function arguments0(){return arguments}
Object.prototype.toJSON=function(){return 'p'};check('op',fastS({a:[1]}),slowS({a:[1]}));delete Object.prototype.toJSON;
Array.prototype.toJSON=function(){return 'p'};check('ap',fastS({a:[1]}),slowS({a:[1]}));delete Array.prototype.toJSON;
console.log(out.join("\n") || (n > 5000 ? "all alike" : n));
