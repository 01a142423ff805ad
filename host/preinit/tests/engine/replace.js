let out=[],n=0;
// Replacements by an expression that nobody has changed, against one of another class, which takes the long way.
class Slow extends RegExp{};
const texts=['','a','<b>&"x"\'','aaa','abcabc','日本<語>','é<é','😀a😀','x'.repeat(30)+'<'];
const res=[['[&<>"\']','g'],['a','g'],['a',''],['','g'],['','gu'],['(a)(b)?','g'],['(?:)','gy'],['a','gy'],['a','y'],['(x)|(y)|b','g'],['(?<n>a)','g'],['.','gu'],['.','gs'],['\\b','g'],['[é日]','gi'],['A','gi'],['^','gm'],['(a)(b)(c)(d)?(e)?(f)?(g)?(h)?(i)?(j)?(k)?(l)?(m)?(n)?(o)?(p)?(q)?','g'],['a','gd'],['😀','gv']];
const reps=['','-','$&','$1','日',(...a)=>JSON.stringify(a),m=>m.toUpperCase(),()=>undefined,()=>7,m=>'é'+m,null,(m)=>{if(m==='b')throw new Error('t');return m}];
const run=(rx,t,rep,li)=>{rx.lastIndex=li;try{return t.replace(rx,rep)+'|'+rx.lastIndex}catch(e){return 'E'+e.message+'|'+rx.lastIndex}};
for(const [s,f] of res)for(const t of texts)for(const rep of reps)for(const li of [0,1,50]){n++;const a=run(new RegExp(s,f),t,rep,li),b=run(new Slow(s,f),t,rep,li);if(a!==b)out.push(`${s} ${f} ${t} ${rep} ${li}: ${a} vs ${b}`)}
// changed expressions
const own=/a/g;own.exec=function(){const r=n++%2?null:['a'];if(r)r.index=0;return r};n=0;out.push('aba'.replace(own,'X')==='Xba'?'':'own exec');
let rx=/a/g;out.push('aXa'.replace(rx,()=>{rx.compile('z','g');return 'q'})==='qXq'?'':'recompiled');
const fz=Object.freeze(/a/g);let th=false;try{'a'.replace(fz,'b')}catch(e){th=true}out.push(th?'':'frozen');
const ex=RegExp.prototype.exec;let called=0;RegExp.prototype.exec=function(s){called++;return ex.call(this,s)};'aa'.replace(/a/g,'b');out.push(called===3?'':'exec '+called);RegExp.prototype.exec=ex;
const fl=Object.getOwnPropertyDescriptor(RegExp.prototype,'global');Object.defineProperty(RegExp.prototype,'global',{get(){called=99;return false},configurable:true});out.push('aa'.replace(/a/g,'b')==='ba'&&called===99?'':'global');Object.defineProperty(RegExp.prototype,'global',fl);out.push('aa'.replace(/a/g,'b')==='bb'?'':'restored');
console.log(out.filter((line) => line).join("\n") || "all alike");
